using Beep.Trainer.Cli;
using Beep.Trainer.Native;

ThreadWaiting.Shorten();
OlderLinuxLibrary.Enable();
return TrainerCommands.Build().Parse(args).Invoke();
