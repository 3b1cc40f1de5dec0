using System.Globalization;
using Beep.Bench;

// dotnet run -c Release --project bench/Beep.Bench -- dataset-check [MEGABYTES]
const long defaultMegabytes = 400;
if (args is ["dataset-check", ..])
{
    DatasetCheckBench.Run(args.Length > 1 ? long.Parse(args[1], CultureInfo.InvariantCulture) : defaultMegabytes);
    return 0;
}

Console.Error.WriteLine("Usage: dotnet run -c Release --project bench/Beep.Bench -- dataset-check [MEGABYTES]");
return 20;
