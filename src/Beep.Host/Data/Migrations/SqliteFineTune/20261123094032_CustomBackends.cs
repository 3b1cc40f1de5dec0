using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Beep.Host.Data.Migrations.SqliteFineTune
{
    /// <inheritdoc />
    public partial class CustomBackends : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "finetune_backends",
                columns: table => new
                {
                    id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    name = table.Column<string>(type: "TEXT", maxLength: 50, nullable: false),
                    description = table.Column<string>(type: "TEXT", maxLength: 500, nullable: true),
                    is_enabled = table.Column<bool>(type: "INTEGER", nullable: false),
                    definition = table.Column<string>(type: "TEXT", maxLength: 20000, nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    updated_at = table.Column<long>(type: "INTEGER", nullable: false),
                    revision = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_finetune_backends", x => x.id);
                });

            migrationBuilder.CreateIndex(
                name: "ix_finetune_backends_name",
                table: "finetune_backends",
                column: "name",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "finetune_backends");
        }
    }
}
