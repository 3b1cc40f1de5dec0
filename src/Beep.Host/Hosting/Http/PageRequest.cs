using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Beep.Host.Hosting.Http;

/// <summary>Which part of a list is wanted: bound from <c>?cursor=…&amp;limit=…</c>.</summary>
/// <param name="Cursor">What the page before said; null for the first page.</param>
/// <param name="Limit">How many items at most.</param>
internal readonly record struct PageRequest(string? Cursor = null, int? Limit = null)
{
    public const int DefaultSize = 50;
    public const int MaxSize = 200;

    /// <summary>How many items a page has.</summary>
    /// <exception cref="HttpFaultException">The limit is out of bounds.</exception>
    public int Size => Limit switch
    {
        null => DefaultSize,
        >= 1 and <= MaxSize => Limit.Value,
        _ => throw HttpFaultException.Invalid("bad_limit", $"limit is {Limit}.", $"Ask for 1 to {MaxSize}.", "limit"),
    };

    /// <summary>The id after which the page begins; null for the first page. Cursors are opaque: they hold the last id that was seen.</summary>
    /// <exception cref="HttpFaultException">The cursor is none of ours.</exception>
    public long? After
    {
        get
        {
            if (Cursor is not { Length: > 0 } cursor)
            {
                return null;
            }

            return Base64Url.IsValid(cursor) && long.TryParse(Encoding.ASCII.GetString(Base64Url.DecodeFromChars(cursor)), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id)
                ? id
                : throw HttpFaultException.BadRequest("bad_cursor", "cursor is none that a list gave.", "Pass the next of the page before, unchanged.", "cursor");
        }
    }

    /// <summary>A page of what was read: ask the database for <see cref="Size"/> + 1 items.</summary>
    public Page<T> Cut<T>(IReadOnlyList<T> items, Func<T, long> id) =>
        items.Count <= Size
            ? new Page<T>(items, null)
            : new Page<T>([.. items.Take(Size)], CursorOf(id(items[Size - 1])));

    /// <summary>The cursor of a page that begins after an id.</summary>
    public static string CursorOf(long id) => Base64Url.EncodeToString(Encoding.ASCII.GetBytes(id.ToString(CultureInfo.InvariantCulture)));
}
