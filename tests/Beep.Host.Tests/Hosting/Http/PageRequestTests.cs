using Beep.Host.Hosting.Http;

namespace Beep.Host.Tests.Hosting.Http;

public sealed class PageRequestTests
{
    [Fact]
    public void Cut_MoreThanAPage_LeadsToTheRest()
    {
        var numbers = Enumerable.Range(1, 5).Select(number => (long)number).ToList();
        var seen = new List<long>();
        string? cursor = null;
        do
        {
            var request = new PageRequest(cursor, 2);
            var page = request.Cut([.. numbers.Where(number => number > (request.After ?? 0)).Take(request.Size + 1)], number => number);
            seen.AddRange(page.Items);
            cursor = page.Next;
        }
        while (cursor is not null);

        Assert.Equal(numbers, seen);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(201)]
    public void Size_OutOfBounds_IsRefused(int limit)
    {
        var fault = Assert.Throws<HttpFaultException>(() => new PageRequest(null, limit).Size);
        Assert.Equal((422, "bad_limit"), (fault.Status, fault.Faults[0].Code));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("' OR 1=1")]
    [InlineData("MTIz!")]
    [InlineData("YWJj")]
    public void After_CursorOfSomebodyElse_IsRefused(string cursor) => Assert.Equal("bad_cursor", Assert.Throws<HttpFaultException>(() => new PageRequest(cursor).After).Faults[0].Code);
}
