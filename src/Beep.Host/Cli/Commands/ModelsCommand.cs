using System.CommandLine;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep models</c>: the registry of models. What needs the database library is in <see cref="Databases"/>.</summary>
internal static class ModelsCommand
{
    public static Command Create(HostServices services) => new("models", "Lists, adds and removes models of this host, beside a running server or without one.")
    {
        CreateList(services), CreateImport(services), CreateDownload(services), CreateRemove(services),
    };

    private static Command CreateList(HostServices services)
    {
        var search = CommonOptions.Optional("--search", "Only those whose name has this part.", "TEXT");
        var json = CommonOptions.Json();
        var command = new Command("list", "Lists the models with their size, licence and folder.") { search, json };
        command.SetAction((result, cancellationToken) => Databases.ModelActions.ListAsync(services, ReporterOf(services, result, json), result.GetValue(search), cancellationToken));
        return command;
    }

    private static Command CreateImport(HostServices services)
    {
        var folder = new Argument<string>("FOLDER") { Description = "A model in Hugging Face layout, or an adapter in PEFT layout." };
        var name = CommonOptions.Required("--name", "What it is to be called: publisher/name.", "NAME");
        var origin = CommonOptions.Optional("--base", "Of an adapter: the model that it belongs to. Left out: what the adapter says itself.", "NAME");
        var inPlace = new Option<bool>("--in-place") { Description = "Uses the files where they are instead of a copy." };
        var json = CommonOptions.Json();
        var command = new Command("import", "Adds a model from a folder.") { folder, name, origin, inPlace, json };
        command.SetAction((result, cancellationToken) => Databases.ModelActions.ImportAsync(
            services, ReporterOf(services, result, json), result.GetValue(folder)!, result.GetValue(name)!, result.GetValue(origin), result.GetValue(inPlace), cancellationToken));
        return command;
    }

    private static Command CreateDownload(HostServices services)
    {
        var repository = new Argument<string>("REPOSITORY") { Description = "publisher/name at the hub: huggingface.co, or what HF_ENDPOINT says." };
        var revision = CommonOptions.Optional("--revision", "A branch, a tag or a commit; the main branch without it.", "REVISION");
        var name = CommonOptions.Optional("--name", "What it is to be called here; as at the hub without it.", "NAME");
        var origin = CommonOptions.Optional("--base", "Of an adapter: the model that it belongs to. Left out: what the adapter says itself.", "NAME");
        var json = CommonOptions.Json();
        var command = new Command("download", "Downloads a model of the hub. Begun again, it goes on where it stopped.") { repository, revision, name, origin, json };
        command.SetAction((result, cancellationToken) => Databases.ModelActions.DownloadAsync(
            services, ReporterOf(services, result, json), result.GetValue(repository)!, result.GetValue(revision), result.GetValue(name), result.GetValue(origin), cancellationToken));
        return command;
    }

    private static Command CreateRemove(HostServices services)
    {
        var name = new Argument<string>("NAME") { Description = "The name or the id of the model." };
        var yes = new Option<bool>("--yes") { Description = "Removes it, with its files." };
        var json = CommonOptions.Json();
        var command = new Command("remove", "Removes a model, and its files unless they were used where they are.") { name, yes, json };
        command.SetAction((result, cancellationToken) => Databases.ModelActions.RemoveAsync(services, ReporterOf(services, result, json), result.GetValue(name)!, result.GetValue(yes), cancellationToken));
        return command;
    }

    private static Reporter ReporterOf(HostServices services, ParseResult result, Option<bool> json) => new(services.Terminal, result.GetValue(json));
}
