using System.CommandLine;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep db</c>: the tables of the database. What needs the database library is in <see cref="Databases"/>, so that no other command loads it.</summary>
internal static class DatabaseCommand
{
    public static Command Create(HostServices services) => new("db", "Brings the database to this version's tables, or back.")
    {
        CreateMigrate(services), CreateRollback(services), CreateStatus(services),
    };

    private static Command CreateMigrate(HostServices services)
    {
        var json = CommonOptions.Json();
        var command = new Command("migrate", "Makes the SQLite file where there is none, and applies what is pending.") { json };
        command.SetAction((result, cancellationToken) => Databases.DatabaseActions.MigrateAsync(services, ReporterOf(services, result, json), cancellationToken));
        return command;
    }

    private static Command CreateRollback(HostServices services)
    {
        var area = new Argument<string?>("area") { Description = "finetune: the tables of the fine-tuning area, all of them without --to. Left out: the host's own.", Arity = ArgumentArity.ZeroOrOne };
        var to = CommonOptions.Optional("--to", "The migration to go back to; 0 undoes all. Without it, the last one is undone.", "NAME");
        var yes = new Option<bool>("--yes") { Description = "Deletes what the undone tables hold." };
        var json = CommonOptions.Json();
        var command = new Command("rollback", "Undoes migrations, with what is in their tables.") { area, to, yes, json };
        command.SetAction((result, cancellationToken) =>
            Databases.DatabaseActions.RollbackAsync(services, result.GetValue(area), result.GetValue(to), result.GetValue(yes), ReporterOf(services, result, json), cancellationToken));
        return command;
    }

    private static Command CreateStatus(HostServices services)
    {
        var json = CommonOptions.Json();
        var command = new Command("status", "Says where the database is, and which migrations it has.") { json };
        command.SetAction((result, cancellationToken) => Databases.DatabaseActions.StatusAsync(services, ReporterOf(services, result, json), cancellationToken));
        return command;
    }

    private static Reporter ReporterOf(HostServices services, ParseResult result, Option<bool> json) => new(services.Terminal, result.GetValue(json));
}
