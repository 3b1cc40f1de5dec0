using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Beep.Host.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Setup : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "setup",
                columns: table => new
                {
                    id = table.Column<int>(type: "INTEGER", nullable: false),
                    completed_at = table.Column<long>(type: "INTEGER", nullable: false),
                    completed_by = table.Column<string>(type: "TEXT", maxLength: 100, nullable: false),
                    admin_user_id = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_setup", x => x.id);
                    table.CheckConstraint("ck_setup_id", "id = 1");
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "setup");
        }
    }
}
