using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Beep.Host.Data.Migrations.PostgresFineTune
{
    /// <inheritdoc />
    public partial class FineTune : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "finetune_datasets",
                columns: table => new
                {
                    seq = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    owner_id = table.Column<long>(type: "bigint", nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    description = table.Column<string>(type: "character varying(2000)", maxLength: 2000, nullable: true),
                    latest_version = table.Column<int>(type: "integer", nullable: false),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    updated_at = table.Column<long>(type: "bigint", nullable: false),
                    deleted_at = table.Column<long>(type: "bigint", nullable: true),
                    revision = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_finetune_datasets", x => x.seq);
                });

            migrationBuilder.CreateTable(
                name: "finetune_jobs",
                columns: table => new
                {
                    seq = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    owner_id = table.Column<long>(type: "bigint", nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    state = table.Column<int>(type: "integer", nullable: false),
                    model_id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    model_name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    dataset_version_seq = table.Column<long>(type: "bigint", nullable: false),
                    validation_version_seq = table.Column<long>(type: "bigint", nullable: true),
                    parent_id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: true),
                    preset = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: true),
                    backend = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: false),
                    method = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: false),
                    spec = table.Column<string>(type: "text", nullable: false),
                    plan = table.Column<string>(type: "text", nullable: true),
                    summary = table.Column<string>(type: "text", nullable: true),
                    error_code = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: true),
                    error = table.Column<string>(type: "character varying(4000)", maxLength: 4000, nullable: true),
                    error_remedy = table.Column<string>(type: "character varying(4000)", maxLength: 4000, nullable: true),
                    task_id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: true),
                    priority = table.Column<int>(type: "integer", nullable: false),
                    step = table.Column<long>(type: "bigint", nullable: false),
                    total_steps = table.Column<long>(type: "bigint", nullable: false),
                    loss = table.Column<double>(type: "double precision", nullable: true),
                    evaluation_loss = table.Column<double>(type: "double precision", nullable: true),
                    trained_tokens = table.Column<long>(type: "bigint", nullable: false),
                    device_seconds = table.Column<double>(type: "double precision", nullable: false),
                    suffix = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    metadata = table.Column<string>(type: "text", nullable: true),
                    idempotency_key = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true),
                    request_hash = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    queued_at = table.Column<long>(type: "bigint", nullable: true),
                    started_at = table.Column<long>(type: "bigint", nullable: true),
                    finished_at = table.Column<long>(type: "bigint", nullable: true),
                    deleted_at = table.Column<long>(type: "bigint", nullable: true),
                    revision = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_finetune_jobs", x => x.seq);
                });

            migrationBuilder.CreateTable(
                name: "finetune_quotas",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    holder = table.Column<int>(type: "integer", nullable: false),
                    holder_id = table.Column<long>(type: "bigint", nullable: false),
                    bytes = table.Column<long>(type: "bigint", nullable: true),
                    datasets = table.Column<int>(type: "integer", nullable: true),
                    queued_jobs = table.Column<int>(type: "integer", nullable: true),
                    running_jobs = table.Column<int>(type: "integer", nullable: true),
                    gpu_minutes = table.Column<int>(type: "integer", nullable: true),
                    updated_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_finetune_quotas", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "finetune_dataset_versions",
                columns: table => new
                {
                    seq = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    dataset_seq = table.Column<long>(type: "bigint", nullable: false),
                    number = table.Column<int>(type: "integer", nullable: false),
                    state = table.Column<int>(type: "integer", nullable: false),
                    file_name = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    source_name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false),
                    bytes = table.Column<long>(type: "bigint", nullable: false),
                    sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    format = table.Column<string>(type: "character varying(30)", maxLength: 30, nullable: true),
                    rows = table.Column<long>(type: "bigint", nullable: true),
                    tokens = table.Column<long>(type: "bigint", nullable: true),
                    trainable_tokens = table.Column<long>(type: "bigint", nullable: true),
                    errors = table.Column<int>(type: "integer", nullable: true),
                    warnings = table.Column<int>(type: "integer", nullable: true),
                    task_id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: true),
                    created_by = table.Column<long>(type: "bigint", nullable: false),
                    created_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_finetune_dataset_versions", x => x.seq);
                    table.ForeignKey(
                        name: "fk_finetune_dataset_versions_finetune_datasets_dataset_seq",
                        column: x => x.dataset_seq,
                        principalTable: "finetune_datasets",
                        principalColumn: "seq",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "finetune_artifacts",
                columns: table => new
                {
                    seq = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    job_seq = table.Column<long>(type: "bigint", nullable: false),
                    name = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    bytes = table.Column<long>(type: "bigint", nullable: false),
                    sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    model_id = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: true),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    removed_at = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_finetune_artifacts", x => x.seq);
                    table.ForeignKey(
                        name: "fk_finetune_artifacts_finetune_jobs_job_seq",
                        column: x => x.job_seq,
                        principalTable: "finetune_jobs",
                        principalColumn: "seq",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "finetune_events",
                columns: table => new
                {
                    seq = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    job_seq = table.Column<long>(type: "bigint", nullable: false),
                    type = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: false),
                    level = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: false),
                    message = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: false),
                    data = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_finetune_events", x => x.seq);
                    table.ForeignKey(
                        name: "fk_finetune_events_finetune_jobs_job_seq",
                        column: x => x.job_seq,
                        principalTable: "finetune_jobs",
                        principalColumn: "seq",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_finetune_artifacts_job_seq_name",
                table: "finetune_artifacts",
                columns: new[] { "job_seq", "name" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_finetune_dataset_versions_dataset_seq_number",
                table: "finetune_dataset_versions",
                columns: new[] { "dataset_seq", "number" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_finetune_dataset_versions_dataset_seq_sha256",
                table: "finetune_dataset_versions",
                columns: new[] { "dataset_seq", "sha256" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_finetune_datasets_deleted_at_seq",
                table: "finetune_datasets",
                columns: new[] { "deleted_at", "seq" });

            migrationBuilder.CreateIndex(
                name: "ix_finetune_datasets_id",
                table: "finetune_datasets",
                column: "id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_finetune_datasets_owner_id_deleted_at_seq",
                table: "finetune_datasets",
                columns: new[] { "owner_id", "deleted_at", "seq" });

            migrationBuilder.CreateIndex(
                name: "ix_finetune_events_job_seq_seq",
                table: "finetune_events",
                columns: new[] { "job_seq", "seq" });

            migrationBuilder.CreateIndex(
                name: "ix_finetune_jobs_dataset_version_seq",
                table: "finetune_jobs",
                column: "dataset_version_seq");

            migrationBuilder.CreateIndex(
                name: "ix_finetune_jobs_deleted_at_seq",
                table: "finetune_jobs",
                columns: new[] { "deleted_at", "seq" });

            migrationBuilder.CreateIndex(
                name: "ix_finetune_jobs_id",
                table: "finetune_jobs",
                column: "id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_finetune_jobs_model_id",
                table: "finetune_jobs",
                column: "model_id");

            migrationBuilder.CreateIndex(
                name: "ix_finetune_jobs_owner_id_deleted_at_seq",
                table: "finetune_jobs",
                columns: new[] { "owner_id", "deleted_at", "seq" });

            migrationBuilder.CreateIndex(
                name: "ix_finetune_jobs_owner_id_idempotency_key",
                table: "finetune_jobs",
                columns: new[] { "owner_id", "idempotency_key" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_finetune_jobs_state_seq",
                table: "finetune_jobs",
                columns: new[] { "state", "seq" });

            migrationBuilder.CreateIndex(
                name: "ix_finetune_jobs_task_id",
                table: "finetune_jobs",
                column: "task_id");

            migrationBuilder.CreateIndex(
                name: "ix_finetune_quotas_holder_holder_id",
                table: "finetune_quotas",
                columns: new[] { "holder", "holder_id" },
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "finetune_artifacts");

            migrationBuilder.DropTable(
                name: "finetune_dataset_versions");

            migrationBuilder.DropTable(
                name: "finetune_events");

            migrationBuilder.DropTable(
                name: "finetune_quotas");

            migrationBuilder.DropTable(
                name: "finetune_datasets");

            migrationBuilder.DropTable(
                name: "finetune_jobs");
        }
    }
}
