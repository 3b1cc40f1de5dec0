using System.Globalization;
using Beep.Bench;
using Beep.Bench.Live;
using Beep.Bench.Serving;
using Beep.Bench.SignIn;

// dotnet run -c Release --project bench/Beep.Bench -- dataset-check [MEGABYTES]
// dotnet run -c Release --project bench/Beep.Bench -- host
// dotnet run -c Release --project bench/Beep.Bench -- live
// dotnet run -c Release --project bench/Beep.Bench -- sign-in
// dotnet run -c Release --project bench/Beep.Bench -- upload [MEGABYTES]
const long defaultMegabytes = 400;
switch (args)
{
    case ["dataset-check", ..]:
        DatasetCheckBench.Run(args.Length > 1 ? long.Parse(args[1], CultureInfo.InvariantCulture) : defaultMegabytes);
        return 0;
    case ["host"]:
        using (var stop = new CancellationTokenSource())
        {
            Console.CancelKeyPress += (_, press) => (press.Cancel, _) = (true, stop.CancelAsync());
            return await HostBench.RunAsync(stop.Token);
        }

    case ["live"]:
        using (var stop = new CancellationTokenSource())
        {
            Console.CancelKeyPress += (_, press) => (press.Cancel, _) = (true, stop.CancelAsync());
            return await LiveBench.RunAsync(stop.Token);
        }

    case ["sign-in"]:
        using (var stop = new CancellationTokenSource())
        {
            Console.CancelKeyPress += (_, press) => (press.Cancel, _) = (true, stop.CancelAsync());
            return await SignInBench.RunAsync(stop.Token);
        }

    case ["upload", ..]:
        using (var stop = new CancellationTokenSource())
        {
            Console.CancelKeyPress += (_, press) => (press.Cancel, _) = (true, stop.CancelAsync());
            return await UploadBench.RunAsync(args.Length > 1 ? long.Parse(args[1], CultureInfo.InvariantCulture) : 1000, stop.Token);
        }

    case [EmptyApp.Command, var port]:
        return EmptyApp.Run(int.Parse(port, CultureInfo.InvariantCulture));
    default:
        Console.Error.WriteLine("Usage: dotnet run -c Release --project bench/Beep.Bench -- dataset-check [MEGABYTES] | host | live | sign-in | upload [MEGABYTES]");
        return 20;
}
