namespace Beep.Host.Shell;

/// <summary>The theme of one circuit.</summary>
internal sealed class ThemeState
{
    public ThemeState(IHttpContextAccessor accessor) =>
        Choice = accessor.HttpContext is { } context ? ThemeChoice.Of(context.Request) : new ThemeChoice(ThemeChoice.System, false);

    public ThemeChoice Choice { get; private set; }

    public event Action? Changed;

    public void Set(ThemeChoice choice)
    {
        Choice = choice;
        Changed?.Invoke();
    }
}
