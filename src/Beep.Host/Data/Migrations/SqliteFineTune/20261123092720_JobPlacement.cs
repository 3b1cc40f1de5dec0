using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Beep.Host.Data.Migrations.SqliteFineTune
{
    /// <inheritdoc />
    public partial class JobPlacement : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "placement",
                table: "finetune_jobs",
                type: "TEXT",
                maxLength: 4000,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "resource_class",
                table: "finetune_jobs",
                type: "TEXT",
                maxLength: 50,
                nullable: false,
                defaultValue: "cpu");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "placement",
                table: "finetune_jobs");

            migrationBuilder.DropColumn(
                name: "resource_class",
                table: "finetune_jobs");
        }
    }
}
