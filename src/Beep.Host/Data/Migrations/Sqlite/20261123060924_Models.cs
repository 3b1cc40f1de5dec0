using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Beep.Host.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Models : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "models",
                columns: table => new
                {
                    seq = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    id = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    name = table.Column<string>(type: "TEXT", maxLength: 200, nullable: false),
                    kind = table.Column<int>(type: "INTEGER", nullable: false),
                    origin = table.Column<int>(type: "INTEGER", nullable: false),
                    state = table.Column<int>(type: "INTEGER", nullable: false),
                    path = table.Column<string>(type: "TEXT", maxLength: 1000, nullable: false),
                    architecture = table.Column<string>(type: "TEXT", maxLength: 50, nullable: true),
                    parameters = table.Column<long>(type: "INTEGER", nullable: true),
                    bytes = table.Column<long>(type: "INTEGER", nullable: true),
                    sha256 = table.Column<string>(type: "TEXT", maxLength: 64, nullable: true),
                    context_length = table.Column<int>(type: "INTEGER", nullable: true),
                    has_chat_template = table.Column<bool>(type: "INTEGER", nullable: false),
                    license = table.Column<string>(type: "TEXT", maxLength: 200, nullable: true),
                    revision = table.Column<string>(type: "TEXT", maxLength: 64, nullable: true),
                    base_id = table.Column<string>(type: "TEXT", maxLength: 16, nullable: true),
                    job_id = table.Column<string>(type: "TEXT", maxLength: 16, nullable: true),
                    dataset_id = table.Column<string>(type: "TEXT", maxLength: 16, nullable: true),
                    dataset_version = table.Column<int>(type: "INTEGER", nullable: true),
                    owner_id = table.Column<long>(type: "INTEGER", nullable: true),
                    task_id = table.Column<string>(type: "TEXT", maxLength: 16, nullable: true),
                    error = table.Column<string>(type: "TEXT", maxLength: 4000, nullable: true),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    version = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_models", x => x.seq);
                });

            migrationBuilder.CreateIndex(
                name: "ix_models_base_id",
                table: "models",
                column: "base_id");

            migrationBuilder.CreateIndex(
                name: "ix_models_id",
                table: "models",
                column: "id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_models_job_id",
                table: "models",
                column: "job_id");

            migrationBuilder.CreateIndex(
                name: "ix_models_name",
                table: "models",
                column: "name",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "models");
        }
    }
}
