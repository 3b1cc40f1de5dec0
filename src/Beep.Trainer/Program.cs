using TorchSharp;
Beep.Trainer.Native.OlderLinuxLibrary.Enable();
var sw = System.Diagnostics.Stopwatch.StartNew();
Console.WriteLine(torch.arange(5).ToString(TorchSharp.TensorStringStyle.Numpy));
Console.WriteLine($"{Beep.Trainer.Native.OlderLinuxLibrary.IsInUse} {sw.ElapsedMilliseconds} ms");
return 0;
