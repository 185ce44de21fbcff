namespace PgpoolLab.Client;

/// <summary>pgpoollab could not do what it was asked. The message is what the command line would say.</summary>
/// <param name="code">The exit code of the command.</param>
/// <param name="headline">What happened, in a sentence.</param>
/// <param name="text">All that it said.</param>
public sealed class PgpoolLabException(int code, string headline, string text)
    : Exception(text.Length > 0 ? text : headline)
{
    /// <summary>The exit code of the command: README.md of pgpoollab, "Exit codes".</summary>
    public int Code { get; } = code;

    /// <summary>What happened, in a sentence.</summary>
    public string Headline { get; } = headline;
}
