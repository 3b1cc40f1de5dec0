namespace Beep.Recipe;

/// <summary>Plain names for kinds of things, chosen by hand.</summary>
internal static class Kinds
{
    /// <summary>The words at which the search for a plain kind stops.</summary>
    public static readonly HashSet<string> Plain = Set(
        """
        bird|fish|insect|spider|snake|lizard|frog|dog|cat|horse|monkey|whale|shark|shellfish|mammal|reptile|amphibian|worm|animal
        tree|flower|fruit|vegetable|grass|herb|shrub|vine|fern|fungus|plant|nut|grain|seed|cheese|bread|cake|meat|sauce|soup|sausage|candy|drink|beverage|dish|meal|food
        tool|vehicle|ship|boat|aircraft|car|building|house|room|shop|store|church|musical instrument|weapon|gun|container|bottle|box|bag|furniture|seat|garment|hat|shoe
        clothing|jewelry|fabric|machine|engine|computer|instrument|device|road|bridge|wall|toy|game|sport|dance|medicine|drug|poison|metal|rock|mineral|acid|gas|liquid
        chemical element|color|sound|disease|illness|pain|organ|bone|muscle|gland|joint|tooth|body part|river|lake|sea|mountain|island|city|town|country|place|region|area
        feeling|emotion|fear|joy|anger|science|language|religion|belief|theory|idea|rule|law|number|letter|book|story|poem|song|music|document|newspaper|message
        money|coin|tax|payment|job|trade|crime|war|fight|journey|walk|race|party|ceremony|meeting|holiday|day|month|year|time period|storm|wind|rain|fire
        person|worker|scientist|doctor|musician|artist|writer|leader|soldier|officer|criminal|relative|child|woman|man|group|family|team|company|army|organization
        """);

    /// <summary>By lexicographer's file, where no plainer word is above a meaning.</summary>
    public static readonly Dictionary<int, string> OfCategory = new()
    {
        [4] = "act", [5] = "animal", [6] = "thing that people make", [7] = "quality", [8] = "part of the body", [9] = "thing of the mind",
        [10] = "thing that people say or write", [11] = "event", [12] = "feeling", [13] = "food", [14] = "group", [15] = "place", [16] = "reason",
        [17] = "natural thing", [18] = "person", [19] = "natural event", [20] = "plant", [21] = "thing that people own", [22] = "process",
        [23] = "amount", [24] = "relation", [25] = "shape", [26] = "state", [27] = "substance", [28] = "time",
    };

    /// <summary>A gloss that starts with one of these reads well after "is".</summary>
    public static readonly HashSet<string> Determiners = Set(
        "a|an|the|any|one|some|someone|something|somebody|anyone|anything|two|three|all|each|every|either|both|several|many|most|that|what|whatever|how|your|being|having");

    /// <summary>The head of a noun phrase ends before one of these.</summary>
    public static readonly HashSet<string> AfterHead = Set(
        """
        of|with|that|which|who|whose|in|for|used|having|from|to|on|by|at|like|as|made|where|when|bearing|consisting|containing|and|or|over|under|between|without|near|strung|together
        serving|growing|living|resembling|characterized|formed|produced|covered|worn|built|designed|during|through|into|about|after|before|against
        composed|caused|called|found|given|attached|consists|held|using|being|found|native|employed|done|is|are|has|can|such|along|around|across|within|upon|prepared|cooked
        """);

    /// <summary>A gloss with one of these is not for a demonstration that anyone may run.</summary>
    public static readonly string[] Unfit =
    [
        "offensive", "slur", "derogat", "disparag", "obscen", "vulgar", "whore", "prostitut", "sex", "genital", "penis", "vagina", "anus", "fece", "excre", "semen", "rape",
        "copulat", "erotic", "masturb", "slave", "Negro", "Jew", "suicide", "tortur", "murder", "drug addict", "Nazi", "fornicat", "brothel", "pimp", "orgasm", "homosexual",
    ];

    private static HashSet<string> Set(string words) =>
        [.. words.Split(['|', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
}
