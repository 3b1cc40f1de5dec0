using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Beep.Host.Data.Migrations.Postgres
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
                    seq = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    kind = table.Column<int>(type: "integer", nullable: false),
                    origin = table.Column<int>(type: "integer", nullable: false),
                    state = table.Column<int>(type: "integer", nullable: false),
                    path = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: false),
                    architecture = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: true),
                    parameters = table.Column<long>(type: "bigint", nullable: true),
                    bytes = table.Column<long>(type: "bigint", nullable: true),
                    sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    context_length = table.Column<int>(type: "integer", nullable: true),
                    has_chat_template = table.Column<bool>(type: "boolean", nullable: false),
                    license = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: true),
                    revision = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    base_id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: true),
                    job_id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: true),
                    dataset_id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: true),
                    dataset_version = table.Column<int>(type: "integer", nullable: true),
                    owner_id = table.Column<long>(type: "bigint", nullable: true),
                    task_id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: true),
                    error = table.Column<string>(type: "character varying(4000)", maxLength: 4000, nullable: true),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false)
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
