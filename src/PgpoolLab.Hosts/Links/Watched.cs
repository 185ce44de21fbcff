namespace PgpoolLab.Hosts.Links;

/// <summary>A descriptor that a <see cref="LinkLoop"/> looks after.</summary>
/// <param name="loop">The loop.</param>
internal abstract class Watched(LinkLoop loop)
{
    private uint _interest;
    private long _number;

    protected LinkLoop Loop { get; } = loop;

    /// <summary>The descriptor; -1 when there is none.</summary>
    internal int Descriptor { get; set; } = -1;

    /// <summary>Has the loop wait for something; 0 for nothing, not even for what is told unasked.</summary>
    protected void Watch(uint interest)
    {
        if (interest == _interest || Descriptor < 0)
        {
            return;
        }

        _number = Loop.Watch(this, _number, _interest, interest);
        _interest = interest;
    }

    /// <summary>Is called when it has happened.</summary>
    internal abstract void Happened(uint events);

    /// <summary>Forgets the descriptor, which is to be closed.</summary>
    protected int Leave()
    {
        Watch(0);
        var descriptor = Descriptor;
        Descriptor = -1;
        return descriptor;
    }
}
