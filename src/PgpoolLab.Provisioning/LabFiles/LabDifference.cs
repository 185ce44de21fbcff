using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>Something that a lab file wants otherwise than a lab has it.</summary>
/// <param name="What">What it is: <c>postgresql.settings.work_mem</c>.</param>
/// <param name="Is">What the lab has, for people.</param>
/// <param name="Wanted">What the file wants, for people.</param>
public sealed record LabDifference(string What, string Is, string Wanted)
{
    /// <summary>Why it is not changed in a lab that exists, and what would do it; null for what is.</summary>
    public string? WhyNot { get; init; }
}

/// <summary>What is to be changed in a lab that exists, and what cannot be.</summary>
public sealed record LabDifferences
{
    /// <summary>All, for people, in the order of the file's manual.</summary>
    public IReadOnlyList<LabDifference> All { get; init; } = [];

    /// <summary>The number of nodes that it is to have; null for what it has.</summary>
    public int? Nodes { get; init; }

    /// <summary>Settings to set.</summary>
    public IReadOnlyList<SettingAssignment> Settings { get; init; } = [];

    /// <summary>Roles to make or to change.</summary>
    public IReadOnlyList<LabRole> Roles { get; init; } = [];

    /// <summary>Databases to make or to give away.</summary>
    public IReadOnlyList<LabDatabase> Databases { get; init; } = [];

    /// <summary>Files of SQL to run.</summary>
    public IReadOnlyList<SqlFile> SqlFiles { get; init; } = [];

    /// <summary>True when there is something that can be changed.</summary>
    public bool CanChange => All.Any(d => d.WhyNot is null);

    /// <summary>True when there is something that cannot be changed.</summary>
    public bool SomethingStays => All.Any(d => d.WhyNot is not null);
}
