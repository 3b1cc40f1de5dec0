using Beep.Contracts;
using Beep.Host.Setup.Http;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Beep.Host.Setup.Pages;

/// <summary>Leads through the steps; each can be left and come back to.</summary>
public sealed partial class SetupWizard
{
    private const string NoFault = "";

    private readonly HashSet<string> _shown = [];
    private IReadOnlyList<Fault> _faults = [];
    private ElementReference _heading;
    private int _furthest;
    private bool _isBusy;
    private bool _isDone;
    private bool _isMoved;
    private bool _isResumeSeen;

    internal int Step { get; private set; }

    /// <summary>Who came back from the review to change something goes back there.</summary>
    private int NextStep => _furthest == SetupSteps.Review ? SetupSteps.Review : Step + 1;

    internal bool IsBusy => _isBusy;

    /// <summary>What of this step's faults no field shows.</summary>
    private IEnumerable<Fault> Loose => _faults.Where(fault => !_shown.Contains(fault.Where ?? NoFault));

    /// <summary>The fault of a field, under any of its names; a field that asks shows it itself.</summary>
    internal string? TextOf(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            _shown.Add(name);
            if (_faults.FirstOrDefault(fault => fault.Where == name) is { } found)
            {
                return $"{found.Message} {found.Remedy}";
            }
        }

        return null;
    }

    /// <summary>Runs something that takes a while, and shows what is wrong with it at its field.</summary>
    internal async Task<bool> RunAsync(Func<CancellationToken, Task> work)
    {
        (_isBusy, _faults) = (true, []);
        StateHasChanged();
        try
        {
            return await GuardAsync(async () =>
            {
                try
                {
                    await work(Left);
                }
                catch (FaultException error) when (error.Faults.All(fault => SetupSteps.Of(fault) == Step))
                {
                    _faults = error.Faults;
                }
            }) && _faults.Count == 0;
        }
        finally
        {
            _isBusy = false;
            StateHasChanged();
        }
    }

    internal Task GoAsync(int step)
    {
        if (Step != SetupSteps.Review)
        {
            Session.Save(step, SetupSteps.All[Step].Name);
        }

        Show(step);
        return Task.CompletedTask;
    }

    protected override Task LoadAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender && await Script.InvokeAsync<string>("beep.takeFragment", Left) is { Length: > 0 } token)
        {
            await UnlockAsync(token);
        }

        if (_isMoved && Session.IsUnlocked && !_isDone)
        {
            _isMoved = false;
            await _heading.FocusAsync();
        }
    }

    private async Task UnlockAsync(string? token)
    {
        if (await RunAsync(_ =>
            {
                Session.Unlock(token);
                return Task.CompletedTask;
            }))
        {
            _furthest = Session.ResumedStep;
            Show(Session.ResumedStep);
        }

        StateHasChanged();
    }

    private async Task NextAsync()
    {
        if (_isBusy)
        {
            return;
        }

        if (Step == SetupSteps.Review)
        {
            await FinishAsync();
            return;
        }

        _isResumeSeen = true;
        _faults = [.. Session.Check().Where(fault => SetupSteps.Of(fault) == Step)];
        if (_faults.Count > 0 || (Step == SetupSteps.Database && !await RunAsync(CheckDatabaseAsync)))
        {
            return;
        }

        if (await RunAsync(_ =>
            {
                Session.Save(NextStep, SetupSteps.All[Step].Name);
                return Task.CompletedTask;
            }))
        {
            Show(NextStep);
        }
    }

    /// <summary>What was wrong with an answer that has been changed is no longer known.</summary>
    internal void ForgetFaults()
    {
        if (_faults.Count > 0)
        {
            _faults = [];
            StateHasChanged();
        }
    }

    /// <summary>A server that does not answer is better found out here than at the end.</summary>
    private async Task CheckDatabaseAsync(CancellationToken cancellationToken)
    {
        if (!Session.IsDatabaseTried)
        {
            await Session.TryDatabaseAsync(cancellationToken);
        }
    }

    private async Task FinishAsync()
    {
        if (Session.Check().Count > 0)
        {
            StateHasChanged();
            return;
        }

        if (await RunAsync(Session.CompleteAsync))
        {
            _isDone = true;
            StateHasChanged();
            try
            {
                await Script.InvokeVoidAsync("beep.waitForServer", Left, SignInAddress);
            }
            catch (Exception error) when (error is JSDisconnectedException or OperationCanceledException)
            {
                // As it should be: the page goes on by itself, and its circuit has ended.
            }
        }
    }

    /// <summary>Where people sign in from now on.</summary>
    internal string SignInAddress => Session.Choices.Keys.PublicUrl is { Length: > 0 } address ? new Uri(new Uri(address.Trim()), SetupEndpoints.SignIn).AbsoluteUri : SetupEndpoints.SignIn;

    internal bool WantsProviderAlone => Session.Choices.SignIn is { IdentityServer: true, ProviderAlone: true };

    internal string AdminName => Session.Choices.Admin.Username;

    private void Show(int step)
    {
        (Step, _faults, _isMoved) = (step, [], true);
        _shown.Clear();
        _furthest = Math.Max(_furthest, step);
        StateHasChanged();
    }
}
