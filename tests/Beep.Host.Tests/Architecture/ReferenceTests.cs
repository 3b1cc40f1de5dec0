using System.Reflection;
using Beep.Contracts;
using Beep.Host.Cli;
using Beep.Host.Jobs;
using Beep.LanguageModels.Configuration;
using Beep.Tests;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Mono.Cecil;
using NetArchTest.Rules;

namespace Beep.Host.Tests.Architecture;

/// <summary>Who may refer to whom; see the layout of the design and docs/adr/0001.</summary>
public sealed class ReferenceTests
{
    private static readonly string TrainerPath =
        Path.Combine(TrainerProgram.Locate(AppContext.BaseDirectory) is { } trainer ? Path.GetDirectoryName(trainer.FileName)! : "", "beep-trainer.dll");

    [Fact]
    public void Contracts_References_AreTheFrameworkOnly() =>
        Assert.DoesNotContain(References(typeof(JobSpec).Assembly.Location), name => !name.StartsWith("System.", StringComparison.Ordinal));

    [Fact]
    public void Contracts_Project_HasNoPackageOrProject()
    {
        var project = File.ReadAllText(RepositoryFiles.At("src", "Beep.Contracts", "Beep.Contracts.csproj"));
        Assert.DoesNotContain("Reference Include", project, StringComparison.Ordinal);
    }

    [Fact]
    public void LanguageModels_References_AreContractsOnly()
    {
        Assert.Equal(["Beep.Contracts"], OwnReferences(typeof(ModelConfig).Assembly.Location));
        AssertNoDependency(Types.InAssembly(typeof(ModelConfig).Assembly), "TorchSharp", "Beep.Host", "Beep.Trainer");
    }

    [Fact]
    public void Host_References_AreLanguageModelsAndContractsAndNeverTorch()
    {
        Assert.Equal(["Beep.Contracts", "Beep.LanguageModels"], OwnReferences(typeof(BeepCommand).Assembly.Location));
        AssertNoDependency(Types.InAssembly(typeof(BeepCommand).Assembly), "TorchSharp", "Beep.Trainer");
        Assert.False(File.Exists(Path.Combine(Path.GetDirectoryName(typeof(BeepCommand).Assembly.Location)!, "TorchSharp.dll")));
    }

    [Fact]
    public void Trainer_References_AreLanguageModelsAndContracts() =>
        Assert.DoesNotContain(OwnReferences(TrainerPath), name => name is not ("Beep.Contracts" or "Beep.LanguageModels"));

    [Fact]
    public void Trainer_Console_IsUsedInProgramAndCliOnly()
    {
        var offenders = Types.FromFile(TrainerPath)
            .That().HaveDependencyOn("System.Console")
            .And().DoNotHaveName("Program")
            .And().DoNotResideInNamespaceStartingWith("Beep.Trainer.Cli")
            .GetTypes();
        Assert.Empty(offenders.Select(type => type.FullName));
    }

    [Fact]
    public void Host_Jobs_DoNotKnowTheCommandLine() => AssertNoDependency(
        Types.InAssembly(typeof(BeepCommand).Assembly).That().ResideInNamespaceStartingWith("Beep.Host.Jobs"), "Beep.Host.Cli", "Spectre.Console", "System.CommandLine");

    [Theory]
    [InlineData("Hosting")]
    [InlineData("Data", "Hosting")]
    [InlineData("Shell", "Hosting")]
    [InlineData("Audit", "Data", "Hosting", "Shell")]
    [InlineData("Monitoring", "Audit", "Data", "Hosting", "Shell")]
    [InlineData("Identity", "Audit", "Data", "Hosting", "Shell")]
    [InlineData("Settings", "Audit", "Data", "Hosting", "Identity", "Shell")]
    [InlineData("Tasks", "Audit", "Data", "Hosting", "Shell")]
    [InlineData("Quotas", "Audit", "Data", "Hosting", "Identity", "Shell")]
    [InlineData("Models", "Audit", "Data", "Hosting", "Identity", "Shell", "Tasks")]
    [InlineData("Environments", "Audit", "Data", "Hosting", "Identity", "Shell", "Tasks")]
    [InlineData("Datasets", "Audit", "Data", "Hosting", "Identity", "Quotas", "Shell", "Tasks")]
    [InlineData("Jobs", "Audit", "Data", "Datasets", "Environments", "Hosting", "Identity", "Models", "Quotas", "Shell", "Tasks")]
    [InlineData("OpenAi", "Audit", "Data", "Datasets", "Hosting", "Identity", "Jobs", "Models", "Quotas", "Shell", "Tasks")]
    public void Host_Room_KnowsNoOtherFeature(string room, params string[] allowed)
    {
        var rooms = Types.InAssembly(typeof(BeepCommand).Assembly).GetTypes().Select(type => type.Namespace)
            .Where(name => name?.StartsWith("Beep.Host.", StringComparison.Ordinal) == true)
            .Select(name => string.Join('.', name!.Split('.').Take(3))).Distinct()
            .Except([.. allowed.Append(room).Select(name => $"Beep.Host.{name}")]);
        AssertNoDependency(
            Types.InAssembly(typeof(BeepCommand).Assembly).That().ResideInNamespaceMatching($@"^Beep\.Host\.{room}(\.|$)"),
            [.. rooms, "Spectre.Console", "System.CommandLine"]);
    }

    [Fact]
    public void Host_DatabaseLibrary_IsUnknownToCommandsThatAreBuiltAtEveryStart() => AssertNoDependency(
        Types.InAssembly(typeof(BeepCommand).Assembly).That().ResideInNamespaceStartingWith("Beep.Host.Cli.Commands")
            .Or().HaveName("BeepCommand").Or().HaveName("Program"),
        "Microsoft.EntityFrameworkCore", "Microsoft.Data", "Npgsql");

    [Fact]
    public void Types_OutsideContracts_AreSealedAndInternal()
    {
        // Migrations are as the tool writes them.
        const string migrations = "Beep.Host.Data.Migrations";
        foreach (var assembly in new[] { typeof(BeepCommand).Assembly, typeof(ModelConfig).Assembly })
        {
            var ours = assembly.GetTypes().Where(type => !IsGenerated(type) && type.Namespace?.StartsWith(migrations, StringComparison.Ordinal) != true).ToList();
            Assert.Empty(ours.Where(type => type is { IsClass: true, IsAbstract: false, IsSealed: false }).Select(type => type.FullName));
            var shown = Shown(ours);
            Assert.Empty(ours.Where(type => type.IsPublic && !shown.Contains(type)).Select(type => type.FullName));
        }
    }

    /// <summary>What the compiler writes: Program of top-level statements, components of Razor files, closures.</summary>
    private static bool IsGenerated(Type type) =>
        type.Name is "Program" or "_Imports" || type.Name.Contains('<', StringComparison.Ordinal) || type.IsNested || (typeof(ComponentBase).IsAssignableFrom(type) && !type.IsAbstract);

    /// <summary>What components, which Razor makes public, take as parameters and inherit from, and what that is made of.</summary>
    private static HashSet<Type> Shown(IEnumerable<Type> types)
    {
        var components = types.SelectMany(type => type.Assembly.GetTypes()).Distinct().Where(type => typeof(ComponentBase).IsAssignableFrom(type)).ToList();
        // What scripts call is public too, with what it is called with.
        var called = components.SelectMany(type => type.GetMethods()).Where(method => method.GetCustomAttribute<JSInvokableAttribute>() is not null).SelectMany(method => method.GetParameters()).Select(parameter => parameter.ParameterType);
        var shown = new HashSet<Type>(components.Concat(called));
        var rest = new Queue<Type>(shown);
        while (rest.TryDequeue(out var type))
        {
            // What a script tells a component is public, too.
            var told = type.GetMethods().Where(method => method.IsDefined(typeof(JSInvokableAttribute), inherit: false)).SelectMany(method => method.GetParameters()).Select(parameter => parameter.ParameterType);
            foreach (var part in type.GetProperties().SelectMany(property => property.PropertyType.GetGenericArguments().Append(property.PropertyType)).Concat(told).Where(shown.Add))
            {
                rest.Enqueue(part);
            }
        }

        return shown;
    }

    private static void AssertNoDependency(Types types, params string[] forbidden) => AssertNoDependency(types.That().HaveNameMatching(".*"), forbidden);

    private static void AssertNoDependency(PredicateList types, params string[] forbidden)
    {
        var result = types.ShouldNot().HaveDependencyOnAny(forbidden).GetResult();
        Assert.True(result.IsSuccessful, string.Join(", ", result.FailingTypes?.Select(type => type.FullName) ?? []));
    }

    private static string[] OwnReferences(string path) =>
        [.. References(path).Where(name => name.StartsWith("Beep.", StringComparison.Ordinal) || name.StartsWith("beep", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private static string[] References(string path)
    {
        using var module = ModuleDefinition.ReadModule(path);
        return [.. module.AssemblyReferences.Select(reference => reference.Name)];
    }
}
