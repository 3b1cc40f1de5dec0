using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Beep.Host.Data.Migrations.Postgres
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
                    seq = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    origin = table.Column<int>(type: "integer", nullable: false),
                    state = table.Column<int>(type: "integer", nullable: false),
                    preset = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    python = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: false),
                    base_python = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: true),
                    index_address = table.Column<string>(type: "character varying(2100)", maxLength: 2100, nullable: true),
                    extra_index_address = table.Column<string>(type: "character varying(2100)", maxLength: 2100, nullable: true),
                    wheelhouse = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: true),
                    installer = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    python_version = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    architecture = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    lock_sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    report = table.Column<string>(type: "text", nullable: true),
                    verified_at = table.Column<long>(type: "bigint", nullable: true),
                    bytes = table.Column<long>(type: "bigint", nullable: true),
                    packages = table.Column<int>(type: "integer", nullable: true),
                    owner_id = table.Column<long>(type: "bigint", nullable: true),
                    task_id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: true),
                    error = table.Column<string>(type: "character varying(4000)", maxLength: 4000, nullable: true),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false)
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
