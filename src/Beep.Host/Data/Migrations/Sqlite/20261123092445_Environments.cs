using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Beep.Host.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Environments : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "environments",
                columns: table => new
                {
                    seq = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    id = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    name = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    origin = table.Column<int>(type: "INTEGER", nullable: false),
                    state = table.Column<int>(type: "INTEGER", nullable: false),
                    preset = table.Column<string>(type: "TEXT", maxLength: 64, nullable: true),
                    python = table.Column<string>(type: "TEXT", maxLength: 1000, nullable: false),
                    base_python = table.Column<string>(type: "TEXT", maxLength: 1000, nullable: true),
                    index_address = table.Column<string>(type: "TEXT", maxLength: 2100, nullable: true),
                    extra_index_address = table.Column<string>(type: "TEXT", maxLength: 2100, nullable: true),
                    wheelhouse = table.Column<string>(type: "TEXT", maxLength: 1000, nullable: true),
                    installer = table.Column<string>(type: "TEXT", maxLength: 64, nullable: true),
                    python_version = table.Column<string>(type: "TEXT", maxLength: 64, nullable: true),
                    architecture = table.Column<string>(type: "TEXT", maxLength: 64, nullable: true),
                    lock_sha256 = table.Column<string>(type: "TEXT", maxLength: 64, nullable: true),
                    report = table.Column<string>(type: "TEXT", nullable: true),
                    verified_at = table.Column<long>(type: "INTEGER", nullable: true),
                    bytes = table.Column<long>(type: "INTEGER", nullable: true),
                    packages = table.Column<int>(type: "INTEGER", nullable: true),
                    owner_id = table.Column<long>(type: "INTEGER", nullable: true),
                    task_id = table.Column<string>(type: "TEXT", maxLength: 16, nullable: true),
                    error = table.Column<string>(type: "TEXT", maxLength: 4000, nullable: true),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    version = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_environments", x => x.seq);
                });

            migrationBuilder.CreateIndex(
                name: "ix_environments_id",
                table: "environments",
                column: "id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_environments_name",
                table: "environments",
                column: "name",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "environments");
        }
    }
}
