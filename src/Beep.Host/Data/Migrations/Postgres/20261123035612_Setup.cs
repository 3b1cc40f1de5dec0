using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Beep.Host.Data.Migrations.Postgres
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
                    id = table.Column<int>(type: "integer", nullable: false),
                    completed_at = table.Column<long>(type: "bigint", nullable: false),
                    completed_by = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    admin_user_id = table.Column<long>(type: "bigint", nullable: false)
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
