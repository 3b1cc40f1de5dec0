using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Beep.Host.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class ExternalSessions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "external_sessions",
                columns: table => new
                {
                    session_id = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    issuer = table.Column<string>(type: "TEXT", maxLength: 255, nullable: false),
                    subject = table.Column<string>(type: "TEXT", maxLength: 255, nullable: false),
                    provider_session = table.Column<string>(type: "TEXT", maxLength: 255, nullable: true),
                    tokens = table.Column<byte[]>(type: "BLOB", nullable: false),
                    token_expires_at = table.Column<long>(type: "INTEGER", nullable: true),
                    refresh_at = table.Column<long>(type: "INTEGER", nullable: true),
                    claimed_until_at = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_external_sessions", x => x.session_id);
                    table.ForeignKey(
                        name: "fk_external_sessions_sessions_session_id",
                        column: x => x.session_id,
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_external_sessions_issuer_provider_session",
                table: "external_sessions",
                columns: new[] { "issuer", "provider_session" });

            migrationBuilder.CreateIndex(
                name: "ix_external_sessions_issuer_subject",
                table: "external_sessions",
                columns: new[] { "issuer", "subject" });

            migrationBuilder.CreateIndex(
                name: "ix_external_sessions_refresh_at",
                table: "external_sessions",
                column: "refresh_at");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "external_sessions");
        }
    }
}
