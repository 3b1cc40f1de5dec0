using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Beep.Host.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Tasks : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "tasks",
                columns: table => new
                {
                    seq = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    id = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    name = table.Column<string>(type: "TEXT", maxLength: 200, nullable: false),
                    kind = table.Column<string>(type: "TEXT", maxLength: 50, nullable: false),
                    status = table.Column<int>(type: "INTEGER", nullable: false),
                    progress = table.Column<int>(type: "INTEGER", nullable: false),
                    message = table.Column<string>(type: "TEXT", maxLength: 500, nullable: true),
                    steps = table.Column<string>(type: "TEXT", nullable: true),
                    result = table.Column<string>(type: "TEXT", nullable: true),
                    error = table.Column<string>(type: "TEXT", nullable: true),
                    error_code = table.Column<string>(type: "TEXT", maxLength: 50, nullable: true),
                    error_remedy = table.Column<string>(type: "TEXT", nullable: true),
                    owner_id = table.Column<long>(type: "INTEGER", nullable: true),
                    input = table.Column<string>(type: "TEXT", nullable: true),
                    resource_class = table.Column<string>(type: "TEXT", maxLength: 50, nullable: false),
                    attempts = table.Column<int>(type: "INTEGER", nullable: false),
                    host_id = table.Column<string>(type: "TEXT", maxLength: 200, nullable: true),
                    lease_expires_at = table.Column<long>(type: "INTEGER", nullable: true),
                    heartbeat_at = table.Column<long>(type: "INTEGER", nullable: true),
                    process = table.Column<string>(type: "TEXT", maxLength: 200, nullable: true),
                    cancel_requested_at = table.Column<long>(type: "INTEGER", nullable: true),
                    correlation_id = table.Column<string>(type: "TEXT", maxLength: 500, nullable: true),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    started_at = table.Column<long>(type: "INTEGER", nullable: true),
                    completed_at = table.Column<long>(type: "INTEGER", nullable: true),
                    version = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_tasks", x => x.seq);
                });

            migrationBuilder.CreateTable(
                name: "task_events",
                columns: table => new
                {
                    seq = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    task_seq = table.Column<long>(type: "INTEGER", nullable: false),
                    owner_id = table.Column<long>(type: "INTEGER", nullable: true),
                    type = table.Column<string>(type: "TEXT", maxLength: 20, nullable: false),
                    data = table.Column<string>(type: "TEXT", nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_task_events", x => x.seq);
                    table.ForeignKey(
                        name: "fk_task_events_tasks_task_seq",
                        column: x => x.task_seq,
                        principalTable: "tasks",
                        principalColumn: "seq",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_task_events_owner_id_seq",
                table: "task_events",
                columns: new[] { "owner_id", "seq" });

            migrationBuilder.CreateIndex(
                name: "ix_task_events_task_seq_seq",
                table: "task_events",
                columns: new[] { "task_seq", "seq" });

            migrationBuilder.CreateIndex(
                name: "ix_tasks_completed_at",
                table: "tasks",
                column: "completed_at");

            migrationBuilder.CreateIndex(
                name: "ix_tasks_id",
                table: "tasks",
                column: "id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_tasks_kind_seq",
                table: "tasks",
                columns: new[] { "kind", "seq" });

            migrationBuilder.CreateIndex(
                name: "ix_tasks_owner_id_seq",
                table: "tasks",
                columns: new[] { "owner_id", "seq" });

            migrationBuilder.CreateIndex(
                name: "ix_tasks_status_resource_class_seq",
                table: "tasks",
                columns: new[] { "status", "resource_class", "seq" });

            migrationBuilder.CreateIndex(
                name: "ix_tasks_status_seq",
                table: "tasks",
                columns: new[] { "status", "seq" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "task_events");

            migrationBuilder.DropTable(
                name: "tasks");
        }
    }
}
