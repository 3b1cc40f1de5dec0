using System.Globalization;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Users;
using Beep.Host.Setup.Completion;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Bench.Serving;

/// <summary>A home that is set up and full: on SQLite, with people, an audit log whose chain holds, and tasks in every state.</summary>
internal sealed class SeededHome : IDisposable
{
    public const int Users = 10_000;
    public const int AuditRows = 100_000;
    public const int Tasks = 10_000;
    public const string Password = "seven quiet herons wade";
    private const int Groups = 12;
    private const int Batch = 1000;

    private static readonly (string Action, string Resource)[] Happenings =
    [
        ("signed_in", "user"), ("signed_out", "user"), ("user_updated", "user"), ("password_changed", "user"), ("role_updated", "role"), ("group_member_added", "group"),
        ("token_created", "token"), ("token_revoked", "token"), ("task_created", "task"), ("task_completed", "task"), ("task_failed", "task"), ("settings_written", "setup"),
    ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("beep-bench-");
    private readonly Random _random = new(1);
    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();
    private AuditTrail _trail = null!;
    private long _adminId;

    public string Path => _folder.FullName;

    /// <summary>Tokens of the admin that may read everything, as many as a user can have: each has a rate that it must keep to.</summary>
    public IReadOnlyList<string> Tokens { get; private set; } = [];

    public static string UserName(int number) => string.Create(CultureInfo.InvariantCulture, $"person{number:D5}");

    public static async Task<SeededHome> CreateAsync(CancellationToken cancellationToken)
    {
        var home = new SeededHome();
        try
        {
            await home.SetUpAsync(cancellationToken);
            await home.AddPeopleAsync(cancellationToken);
            await home.AddAuditAsync(cancellationToken);
            await home.AddTasksAsync(cancellationToken);
            await home.AddTokensAsync(cancellationToken);
            return home;
        }
        catch
        {
            home.Dispose();
            throw;
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>By the product itself: migrations, the secret key in config/host.json, the first admin, the record that all is done.</summary>
    private async Task SetUpAsync(CancellationToken cancellationToken)
    {
        string? Variable(string name) => name == SettingKeys.Home.Name ? Path : null;
        await HeadlessSetup.TryCompleteAsync(Variable, new AdminDraft("admin", Password) { MustChangePassword = false }, AuditActors.CommandLine, TimeProvider.System, new Dictionary<SettingKey, string?>(), cancellationToken);
        var options = HostConfiguration.Load(new HostSurroundings { Variable = Variable }).Require();
        _trail = new AuditTrail(options.Database!, options, TimeProvider.System);
    }

    private async Task AddPeopleAsync(CancellationToken cancellationToken)
    {
        await using var context = _trail.Database.CreateContext();
        var admin = await context.Set<User>().AsNoTracking().SingleAsync(cancellationToken);
        _adminId = admin.Id;
        var roles = Enumerable.Range(1, Groups).Select(number => new Role { Name = $"Role {number}", Permissions = [Permissions.FinetuneRead, Permissions.ModelsView], CreatedAt = _now }).ToList();
        var groups = Enumerable.Range(1, Groups).Select(number => new Group { Name = $"Group {number}", CreatedAt = _now }).ToList();
        await SaveAsync(context, [.. roles, .. groups], cancellationToken);
        var users = Enumerable.Range(0, Users - 1).Select(number => new User
        {
            UserName = UserName(number),
            NormalizedUserName = UserName(number).ToUpperInvariant(),
            Email = $"{UserName(number)}@example.org",
            NormalizedEmail = $"{UserName(number)}@example.org".ToUpperInvariant(),
            DisplayName = $"Person Number {number}",
            PasswordHash = admin.PasswordHash,
            SecurityStamp = Guid.NewGuid().ToString("N"),
            CreatedAt = _now,
            RoleId = roles[number % roles.Count].Id,
        }).ToList();
        await SaveAsync(context, users, cancellationToken);
        await SaveAsync(context, [.. groups.Select(group => new GroupRole { GroupId = group.Id, RoleId = roles[0].Id })], cancellationToken);
        await SaveAsync(context, [.. users.Select((user, number) => new UserGroup { UserId = user.Id, GroupId = groups[number % groups.Count].Id, AddedAt = _now })], cancellationToken);
    }

    private async Task AddAuditAsync(CancellationToken cancellationToken)
    {
        await using var context = _trail.Database.CreateContext();
        var head = await context.Set<AuditRow>().AsNoTracking().OrderByDescending(row => row.Seq).FirstAsync(cancellationToken);
        var (seq, hash) = (head.Seq, head.Hash);
        while (seq < AuditRows)
        {
            var rows = new List<AuditRow>(Batch);
            while (rows.Count < Batch && seq < AuditRows)
            {
                var ((action, resource), actor) = (Happenings[_random.Next(Happenings.Length)], _random.Next(Users - 1));
                var row = new AuditRow
                {
                    Seq = ++seq,
                    CreatedAt = _now.AddMinutes(seq - AuditRows),
                    ActorKind = AuditActorKind.User,
                    ActorId = (actor + 2).ToString(CultureInfo.InvariantCulture),
                    ActorName = UserName(actor),
                    SessionId = $"session{actor}",
                    IpAddress = "192.0.2.7",
                    Action = action,
                    ResourceType = resource,
                    ResourceId = _random.Next(Users).ToString(CultureInfo.InvariantCulture),
                    Outcome = _random.Next(20) == 0 ? AuditOutcome.Refused : AuditOutcome.Succeeded,
                    CorrelationId = Guid.NewGuid().ToString("N"),
                    Details = new AuditDetails { Name = UserName(actor) }.ToCanonicalJson(text => text),
                    KeyId = _trail.Key.Id,
                };
                row.Hash = hash = _trail.Key.Chain(hash, row);
                rows.Add(row);
            }

            await SaveAsync(context, rows, cancellationToken);
        }
    }

    private async Task AddTasksAsync(CancellationToken cancellationToken)
    {
        await using var context = _trail.Database.CreateContext();
        await SaveAsync(context, [.. Enumerable.Range(0, Tasks).Select(NewTask)], cancellationToken);
    }

    /// <summary>Most have ended. Those that wait, wait for a GPU; those that run, run at another host, whose lease is good.</summary>
    private TaskRow NewTask(int number)
    {
        var state = number < Tasks - 500 ? (number % 10) switch { 0 => TaskState.Failed, 1 => TaskState.Cancelled, _ => TaskState.Completed } : number < Tasks - 480 ? TaskState.Running : TaskState.Pending;
        var created = _now.AddMinutes(number - Tasks);
        var row = new TaskRow
        {
            Id = number.ToString("x16", CultureInfo.InvariantCulture),
            Name = $"Fine-tune number {number}",
            Kind = "bench.work",
            OwnerId = number % 10 == 0 ? _adminId : _adminId + _random.Next(1, Users - 1),
            Input = """{"model":"tiny","rows":1000}""",
            ResourceClass = "gpu:8",
            CreatedAt = created,
        };
        if (state != TaskState.Pending)
        {
            row.Become(TaskState.Running);
            (row.Attempts, row.StartedAt, row.Progress, row.Message) = (1, created, 40, "Epoch 2 of 5");
            row.Steps = """[{"name":"Prepare","state":"completed"},{"name":"Train","state":"running"}]""";
            (row.HostId, row.LeaseExpiresAt) = ("elsewhere/1", _now.AddDays(1));
        }

        if (state.IsEnd())
        {
            row.Become(state);
            (row.CompletedAt, row.Progress, row.HostId, row.LeaseExpiresAt) = (created.AddMinutes(1), state == TaskState.Completed ? 100 : 40, null, null);
        }

        return row;
    }

    private async Task AddTokensAsync(CancellationToken cancellationToken) => Tokens = await BenchTokens.CreateAsync(_trail, _adminId, cancellationToken);

    private static async Task SaveAsync(HostDbContext context, IReadOnlyList<object> entities, CancellationToken cancellationToken)
    {
        foreach (var batch in entities.Chunk(Batch))
        {
            context.AddRange(batch);
            await context.SaveChangesAsync(cancellationToken);
            context.ChangeTracker.Clear();
        }
    }
}
