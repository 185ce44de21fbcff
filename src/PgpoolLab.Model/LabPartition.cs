namespace PgpoolLab.Model;

/// <summary>Hosts of a lab that are cut off from each other.</summary>
/// <param name="Here">The hosts, by number, that let nothing through.</param>
/// <param name="Beyond">Those on the other side.</param>
/// <param name="Until">When it ends by itself.</param>
public sealed record LabPartition(IReadOnlyList<int> Here, IReadOnlyList<int> Beyond, DateTimeOffset Until)
{
    /// <summary>True when these two do not reach each other.</summary>
    public bool Separates(int host, int other) =>
        (Here.Contains(host) && Beyond.Contains(other)) || (Here.Contains(other) && Beyond.Contains(host));

    /// <summary>The hosts, for the middle of a sentence: <c>a from b and c</c>.</summary>
    public string TitleIn(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return $"{NamesOf(Here)} from {NamesOf(Beyond)}";

        string NamesOf(IReadOnlyList<int> hosts) => string.Join(" and ", hosts.Select(h => lab.Hosts[h].Name));
    }
}
