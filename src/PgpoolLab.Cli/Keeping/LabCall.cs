using System.Text.Json.Serialization;

namespace PgpoolLab.Cli.Keeping;

/// <summary>What <c>pgpoollab host</c> can be asked.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "call")]
[JsonDerivedType(typeof(CreateCall), "create")]
[JsonDerivedType(typeof(VerbCall), "verb")]
[JsonDerivedType(typeof(DestroyCall), "destroy")]
[JsonDerivedType(typeof(KeepCall), "keep")]
[JsonDerivedType(typeof(GuardCall), "guard")]
[JsonDerivedType(typeof(ReleaseCall), "release")]
[JsonDerivedType(typeof(SchemaCall), "schema")]
internal abstract record LabCall;

/// <summary>Make a lab and start it. The answer is a <see cref="MadeLab"/>.</summary>
internal sealed record CreateCall : LabCall
{
    /// <summary>Options of <c>setup</c>, as on the command line.</summary>
    /// <remarks>What is not in the line is set to null, whatever it is here.</remarks>
    public IReadOnlyList<string> Arguments
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>The lab's folder, absolute; null for a new one among the temporary files.</summary>
    public string? Directory { get; init; }

    /// <summary>Make it of this snapshot of <see cref="Lab"/>; the arguments are those of <c>clone</c> then.</summary>
    public string? From { get; init; }

    /// <summary>The lab whose snapshot it is, by its folder or name.</summary>
    public string? Lab { get; init; }
}

/// <summary>A command that works on a lab, such as <c>kill primary</c>. The answer is what it prints with
/// <c>--json</c>.</summary>
internal sealed record VerbCall : LabCall
{
    /// <summary>The command and its arguments, as on the command line.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The lab, by its folder or name; null for the one that was made here, when there is one.</summary>
    public string? Lab { get; init; }

    /// <summary>Hand on each line of its output when it comes, as of <c>events -f</c>.</summary>
    public bool Follow { get; init; }
}

/// <summary>Remove a lab, with files of the user's own in it.</summary>
/// <param name="Lab">Its folder.</param>
internal sealed record DestroyCall(string Lab) : LabCall;

/// <summary>Leave a lab as it is when this program ends.</summary>
/// <param name="Lab">Its folder.</param>
internal sealed record KeepCall(string Lab) : LabCall;

/// <summary>End a process group when the input ends, before the labs are removed.</summary>
/// <param name="Group">Its number.</param>
internal sealed record GuardCall(int Group) : LabCall;

/// <summary>Forget a process group: it has ended.</summary>
/// <param name="Group">Its number.</param>
internal sealed record ReleaseCall(int Group) : LabCall;

/// <summary>The answer is the JSON schema of the lines to and fro.</summary>
internal sealed record SchemaCall : LabCall;
