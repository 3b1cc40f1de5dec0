namespace Beep.Host.Tests;
public sealed class PlaceholderTests { [Fact] public void A() => Assert.NotNull(this); }
