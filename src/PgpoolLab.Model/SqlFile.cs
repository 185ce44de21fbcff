using System.Security.Cryptography;
using System.Text;

namespace PgpoolLab.Model;

/// <summary>A file of SQL that setup runs when the lab works.</summary>
/// <param name="Path">Where it was read, absolute.</param>
/// <param name="Database">The database it runs in.</param>
/// <param name="Text">What is in it: it was read by whoever called, who may read more than the lab's user.</param>
public sealed record SqlFile(string Path, string Database, string Text)
{
    /// <summary>That it was run, for the record.</summary>
    public SqlRun Run => new(Path, Database, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text))));

    /// <summary>It may land in a log: without what is in it.</summary>
    public override string ToString() => $"{Path} in {Database}";
}

/// <summary>A file of SQL that was run in a lab.</summary>
/// <param name="Path">Where it was, absolute.</param>
/// <param name="Database">The database it was run in.</param>
/// <param name="Hash">SHA-256 of what was in it, hexadecimal.</param>
public sealed record SqlRun(string Path, string Database, string Hash);
