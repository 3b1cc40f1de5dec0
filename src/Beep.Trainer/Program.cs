using Beep.Trainer.Cli;
using Beep.Trainer.Native;

ThreadWaiting.Shorten();
OlderLinuxLibrary.Enable();
return TrainerCommands.Run(args);
