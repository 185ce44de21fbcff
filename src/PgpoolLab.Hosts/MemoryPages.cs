namespace PgpoolLab.Hosts;

/// <summary>The unit in which the system counts memory.</summary>
public static class MemoryPages
{
    /// <summary>Bytes of one.</summary>
    public static int Size => Environment.SystemPageSize;
}
