using Beep.Host.Audit;
using Beep.Host.Hosting;
using Beep.Host.Tasks;
using Beep.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

// Beep.TestHost HOME DATABASE_URL IO_SLOTS: runs tasks until its input ends, which it does with the tests.
// No lease of it runs out and no end is cut short, however long the machine stands still.
var paths = new HostPaths(args[0]);
var address = DatabaseAddressReader.Read(args[1], paths, out var fault) ?? throw new InvalidOperationException(fault!.ToString());
var trail = new AuditTrail(address, new Beep.Host.Hosting.Settings.HostOptions { Paths = paths, Host = "127.0.0.1", IdentityServer = new() }, TimeProvider.System);

var builder = Host.CreateEmptyApplicationBuilder(null);
builder.Logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Error);
builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMinutes(3));
builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
builder.Services
    .AddSingleton(paths).AddSingleton(TimeProvider.System).AddSingleton(trail.Database).AddSingleton(trail.Writer).AddSingleton(trail.Key)
    .AddSingleton(new TaskOptions { IoSlots = int.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture), Beat = TimeSpan.FromSeconds(1), Lease = TimeSpan.FromHours(1), Poll = TimeSpan.FromMilliseconds(200) })
    .AddTaskCore()
    .AddTaskHandler<ProcessHandler>()
    .AddTaskHandler<CountHandler>()
    .AddTaskHandler<SurvivorHandler>();
using var host = builder.Build();
await host.StartAsync();
Console.WriteLine("ready");
await Console.In.ReadToEndAsync();
await host.StopAsync();
