using System.Net;

namespace PgpoolLab.Hosts.Links;

/// <summary>The socket at which a link takes connections.</summary>
/// <param name="link">The link.</param>
/// <param name="place">Where it listens.</param>
internal sealed class LinkListener(LiveLink link, IPEndPoint place) : Watched(link.Loop)
{
    private const int Backlog = 511;
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(100);

    /// <summary>Connections of our own that take all the room there is: the kernel answers nobody else then.</summary>
    private readonly List<int> _fillers = [];
    private readonly HashSet<int> _fillersPorts = [];

    /// <summary>Takes connections.</summary>
    /// <exception cref="IOException">It cannot.</exception>
    internal void Open()
    {
        if (Descriptor < 0)
        {
            Descriptor = Posix.Listen(place, Backlog);
        }
        else if (_fillers.Count > 0)
        {
            Posix.ListenAgain(Descriptor, Backlog);
            foreach (var filler in _fillers)
            {
                _ = Posix.Close(filler);
            }

            _fillers.Clear();
            Accept();
            _fillersPorts.Clear();
        }

        Watch(Posix.Readable);
    }

    /// <summary>Answers nobody who wants to connect. Those that are connected already stay so.</summary>
    /// <remarks>Linux drops what would begin a connection when the queue of those that nobody has accepted yet is full:
    /// listen(2). Once there was room for one, the one in it fills it.</remarks>
    /// <exception cref="IOException">It cannot.</exception>
    internal void MakeHole()
    {
        Open();
        Accept();
        Watch(0);
        if (_fillers.Count > 0)
        {
            return;
        }

        var filler = Posix.Connect(place, out _);
        if (filler >= 0)
        {
            _fillersPorts.Add(Posix.PortOf(filler));
            _fillers.Add(filler);
        }

        Posix.ListenAgain(Descriptor, 0);
    }

    /// <summary>Refuses whoever wants to connect.</summary>
    internal void Close()
    {
        foreach (var filler in _fillers)
        {
            _ = Posix.Close(filler);
        }

        _fillers.Clear();
        _fillersPorts.Clear();
        if (Leave() is >= 0 and var descriptor)
        {
            _ = Posix.Close(descriptor);
        }
    }

    internal override void Happened(uint events) => Accept();

    private void Accept()
    {
        while (true)
        {
            var accepted = Posix.Accept(Descriptor, out var port);
            if (accepted >= 0)
            {
                if (_fillersPorts.Remove(port))
                {
                    _ = Posix.Close(accepted);
                }
                else
                {
                    link.Take(accepted);
                }
            }
            else if (accepted is Posix.TooManyFiles or Posix.TooManyFilesOfAll)
            {
                // It would be told again at once, and nothing can be done until somebody closes something.
                Watch(0);
                Loop.At(LinkLoop.Now + LinkLoop.Ticks(Rest), link.ListenAgain);
                return;
            }
            else if (accepted is Posix.Again)
            {
                return;
            }
        }
    }
}
