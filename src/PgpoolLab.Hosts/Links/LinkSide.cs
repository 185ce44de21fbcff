namespace PgpoolLab.Hosts.Links;

/// <summary>One of the two sockets of a connection.</summary>
/// <param name="connection">The connection.</param>
/// <param name="isClient">True for the one of who has connected.</param>
internal sealed class LinkSide(LinkConnection connection, bool isClient) : Watched(connection.Link.Loop)
{
    /// <summary>What is read from it.</summary>
    private LinkFlow In => isClient ? connection.Forth : connection.Back;

    /// <summary>What is written to it.</summary>
    private LinkFlow Out => isClient ? connection.Back : connection.Forth;

    /// <summary>Waits for what is needed now. For nothing it is not watched at all: an end or an error would be told
    /// again and again.</summary>
    internal void Renew() =>
        Watch(
            (In.WantsToRead ? Posix.Readable : 0)
                | (Out.WantsToWrite || (!isClient && connection.IsConnecting) ? Posix.Writable : 0)
        );

    internal override void Happened(uint events)
    {
        if (!isClient && connection.IsConnecting)
        {
            connection.Connected();
            return;
        }

        var (reads, writes) = (In.WantsToRead, Out.WantsToWrite);
        var whole =
            (!reads || (events & (Posix.Readable | Posix.Broken | Posix.HungUp)) == 0 || In.Read())
            && (!writes || (events & Posix.Writable) == 0 || Out.Write())
            && (reads || (events & Posix.Broken) == 0);
        connection.Renew(whole);
    }

    internal void Close(bool byReset)
    {
        if (Leave() is >= 0 and var descriptor)
        {
            if (byReset)
            {
                Posix.Reset(descriptor);
            }
            else
            {
                _ = Posix.Close(descriptor);
            }
        }
    }
}
