namespace Beep.Host.Shell.Layout;

/// <summary>What a feature puts into the top bar of every page.</summary>
internal sealed record TopBarItem(Type Component);
