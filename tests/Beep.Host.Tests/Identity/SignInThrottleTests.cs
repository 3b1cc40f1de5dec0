using System.Net;
using Beep.Host.Identity.SignIn;
using Beep.Host.Identity.Tokens;
using Beep.Tests;

namespace Beep.Host.Tests.Identity;

public sealed class SignInThrottleTests
{
    private static readonly IPAddress Here = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress There = IPAddress.Parse("192.0.2.2");

    private readonly ManualTime _time = new();

    [Fact]
    public void Take_AfterFiveFailures_WaitsOneTwoFourUpToSixtySeconds()
    {
        var throttle = new SignInThrottle(_time);
        for (var i = 0; i < SignInThrottle.FreeFailures; i++)
        {
            Assert.Null(throttle.Take("ada", Here));
            throttle.Failed("ada", Here);
        }

        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 32, 60, 60 })
        {
            Assert.Equal(("sign_in_delayed", TimeSpan.FromSeconds(seconds)), Told(throttle.Take("ADA", Here)));
            _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
            Assert.Equal(("sign_in_delayed", TimeSpan.FromTicks(1)), Told(throttle.Take("ada", Here)));
            _time.Advance(TimeSpan.FromTicks(1));
            // Slow enough for the limit of attempts.
            _time.Advance(seconds < 8 ? SignInThrottle.AttemptWindow : TimeSpan.Zero);
            Assert.Null(throttle.Take("ada", Here));
            throttle.Failed("ada", Here);
        }
    }

    [Fact]
    public void Take_AnotherAddressOrAccount_IsNotSlowed()
    {
        var throttle = new SignInThrottle(_time);
        for (var i = 0; i < SignInThrottle.FreeFailures; i++)
        {
            throttle.Failed("ada", Here);
        }

        Assert.NotNull(throttle.Take("ada", Here));
        Assert.Null(throttle.Take("ada", There));
        Assert.Null(throttle.Take("eve", Here));
        throttle.Succeeded("ada", Here);
        Assert.Null(throttle.Take("ada", Here));
    }

    [Fact]
    public void Take_TwentyFailuresOfAnAddress_WaitUntilTheyAreOld()
    {
        var throttle = new SignInThrottle(_time);
        for (var i = 0; i < SignInThrottle.MostFailuresOfAddress; i++)
        {
            throttle.Failed($"user{i}", Here);
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        var wait = SignInThrottle.FailureWindow - TimeSpan.FromSeconds(10 * SignInThrottle.MostFailuresOfAddress);
        var refusal = throttle.Take("another", Here);
        Assert.Equal(("too_many_failures", wait), Told(refusal));
        Assert.True(refusal!.IsFirst);
        Assert.False(throttle.Take("another", Here)!.IsFirst);
        Assert.Null(throttle.Take("another", There));
        _time.Advance(wait);
        Assert.Null(throttle.Take("another", Here));
    }

    [Fact]
    public void Take_ElevenAttemptsInAMinute_IsOneTooMany()
    {
        var throttle = new SignInThrottle(_time);
        for (var i = 0; i < SignInThrottle.MostAttemptsOfAddress; i++)
        {
            Assert.Null(throttle.Take("ada", IPAddress.Parse($"2001:db8::{i + 1}")));
        }

        // The same customer, under another address; the others are 9 s old then.
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(("too_many_attempts", TimeSpan.FromSeconds(51)), Told(throttle.Take("ada", IPAddress.Parse("2001:db8::ffff"))));
        Assert.Null(throttle.Take("ada", IPAddress.Parse("2001:db8:0:1::1")));
        _time.Advance(TimeSpan.FromSeconds(51));
        Assert.Null(throttle.Take("ada", IPAddress.Parse("2001:db8::ffff")));
    }

    [Fact]
    public void RecentTable_Full_ForgetsWhatWasUsedLongestAgo()
    {
        var table = new RecentTable<int, List<int>>(2);
        table.Get(1).Add(1);
        table.Get(2).Add(2);
        table.Get(1).Add(1);
        table.Get(3).Add(3);
        Assert.Equal((2, 2, null, 1), (table.Count, table.Find(1)?.Count, table.Find(2), table.Find(3)?.Count));
    }

    [Fact]
    public void TokenRate_SixHundredAtOnce_ThenTenASecond()
    {
        var rate = new TokenRate(_time);
        for (var i = 0; i < TokenRate.PerMinute; i++)
        {
            Assert.Null(rate.Take("abcdefgh"));
        }

        Assert.Equal(TimeSpan.FromMilliseconds(100), rate.Take("abcdefgh"));
        Assert.Null(rate.Take("hgfedcba"));
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Null(rate.Take("abcdefgh"));
        Assert.NotNull(rate.Take("abcdefgh"));
    }

    private static (string?, TimeSpan?) Told(SignInRefusal? refusal) => (refusal?.Code, refusal?.RetryAfter);
}
