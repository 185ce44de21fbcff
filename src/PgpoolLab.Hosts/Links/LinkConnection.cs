namespace PgpoolLab.Hosts.Links;

/// <summary>A connection through a link: one socket to who has connected, one to whom the link leads.</summary>
internal sealed class LinkConnection
{
    internal LinkConnection(LiveLink link, int descriptor)
    {
        Link = link;
        Client = new LinkSide(this, isClient: true) { Descriptor = descriptor };
        Server = new LinkSide(this, isClient: false);
        Forth = new LinkFlow(this, forth: true);
        Back = new LinkFlow(this, forth: false);
        CountFromNow();
    }

    internal LiveLink Link { get; }

    internal LinkSide Client { get; }

    internal LinkSide Server { get; }

    internal LinkFlow Forth { get; }

    internal LinkFlow Back { get; }

    internal byte[] Buffer => Link.Loop.Buffer;

    internal bool IsConnecting { get; private set; }

    internal bool IsConnected { get; private set; }

    /// <summary>After so many more bytes it is reset; null for never.</summary>
    internal long? Left { get; private set; }

    /// <summary>Begins to count the bytes after which it is reset.</summary>
    internal void CountFromNow() => Left = Link.State.CutAfter;

    internal void CountDown(int bytes) => Left -= bytes;

    /// <summary>Does what the link's state allows now.</summary>
    internal void GoOn()
    {
        if (Client.Descriptor < 0)
        {
            return;
        }

        if (!IsConnected && !IsConnecting && Link.Connects)
        {
            Connect();
            return;
        }

        Renew(Forth.Write() && Back.Write());
    }

    /// <summary>The link's state has changed.</summary>
    internal void Change()
    {
        CountFromNow();
        Forth.Hurry();
        Back.Hurry();
        GoOn();
    }

    /// <summary>It is connected to whom the link leads, or cannot be.</summary>
    internal void Connected()
    {
        IsConnecting = false;
        IsConnected = Posix.ErrorOf(Server.Descriptor) == 0;
        Renew(IsConnected);
    }

    /// <summary>Waits for what is needed now; one that is done is closed, one that is broken is reset for both
    /// sides.</summary>
    internal void Renew(bool whole)
    {
        if (!whole)
        {
            Close(byReset: true);
        }
        else if (Forth.IsDone && Back.IsDone)
        {
            Close(byReset: false);
        }
        else
        {
            Client.Renew();
            Server.Renew();
        }
    }

    /// <summary>Ends it for both sides.</summary>
    internal void Close(bool byReset)
    {
        Client.Close(byReset);
        Server.Close(byReset);
        Link.Forget(this);
    }

    private void Connect()
    {
        Server.Descriptor = Posix.Connect(Link.Target, out var problem);
        IsConnecting = problem == 0;
        // Nobody listens there: who has connected sees a reset, as from a server that has just died.
        Renew(whole: IsConnecting);
    }
}
