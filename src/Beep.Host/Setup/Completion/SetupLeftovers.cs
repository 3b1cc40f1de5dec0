using Beep.Host.Hosting;
using Beep.Host.Setup.Drafts;

namespace Beep.Host.Setup.Completion;

/// <summary>What a setup needs and a host that is set up does not.</summary>
internal static class SetupLeftovers
{
    public static void Remove(HostPaths paths, DraftStore drafts)
    {
        AtomicFile.Delete(paths.SetupToken);
        drafts.Delete();
        AtomicFile.DeletePartials(paths.Configuration);
    }
}
