namespace PgpoolLab.Model;

/// <summary>Everything on this machine that belongs to a lab, whether it is there or not: the one list of it. What
/// makes, lists, keeps or deletes things of a lab reads it.</summary>
public sealed class LabInventory
{
    private LabInventory(Lab lab) =>
        Items = [
            .. Records(lab),
            .. Names(lab),
            .. Folders(lab),
            .. Certificates(lab),
            .. Files(lab),
            .. Clusters(lab),
            .. Sockets(lab),
            .. ByOthers(lab),
            .. Logs(lab),
        ];

    /// <summary>What is a lab's.</summary>
    public static LabInventory Of(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return new LabInventory(lab);
    }

    /// <summary>The things, in an order in which they can be made.</summary>
    public IReadOnlyList<LabItem> Items { get; }

    /// <summary>What one operation makes.</summary>
    public IEnumerable<LabItem> MadeBy(LabItemMaker maker) => Items.Where(i => i.MadeBy == maker);

    /// <summary>Its sockets and the links to them: what its servers have outside of its folder, or may have.</summary>
    public IEnumerable<string> SocketFiles =>
        Items
            .Where(i => i is { Use: LabItemUse.Runtime, Kind: LabItemKind.Socket or LabItemKind.Link })
            .Select(i => i.Path);

    /// <summary>What is deleted for the lab to be gone from the disk: folders stand for what lies in them. Not among it
    /// is what stands for the lab until all else is gone (its hidden folder, its entry on the list, its leases), what
    /// is gone when its servers are (links to sockets, memory), and folders that it shares with its user.</summary>
    public IEnumerable<LabItem> Deleted
    {
        get
        {
            var folders = Items
                .Where(i =>
                    i is { Kind: LabItemKind.Folder, Place: LabItemPlace.Lab, IsShared: false } && !IsOfTheLab(i)
                )
                .Select(i => i.Path + "/")
                .ToArray();
            return Items.Where(i =>
                i is { Place: LabItemPlace.Lab or LabItemPlace.Elsewhere, IsShared: false }
                && !IsOfTheLab(i)
                && i is not { Use: LabItemUse.Runtime, Kind: LabItemKind.Link }
                && (i.Kind is LabItemKind.Socket || !folders.Any(f => i.Path.StartsWith(f, StringComparison.Ordinal)))
            );
        }
    }

    /// <summary>True for what stands for the lab until all else is gone.</summary>
    private static bool IsOfTheLab(LabItem item) => item is { Use: LabItemUse.Record, MadeBy: LabItemMaker.Claim };

    private static IEnumerable<LabItem> Records(Lab lab)
    {
        var (paths, record) = (lab.Paths, LabItemUse.Record);
        yield return new(LabItemKind.Folder, record, LabItemOwner.Tool, LabItemMaker.Claim, paths.Hidden);
        yield return new(LabItemKind.File, record, LabItemOwner.Tool, LabItemMaker.Claim, paths.Manifest);
        yield return new(LabItemKind.File, record, LabItemOwner.Tool, LabItemMaker.Claim, paths.Lock);
        yield return new(LabItemKind.Folder, record, LabItemOwner.Tool, LabItemMaker.Clusters, paths.Template);
        var saved = LabItemMaker.Snapshots;
        yield return new(LabItemKind.Folder, LabItemUse.Snapshot, LabItemOwner.Tool, saved, paths.Snapshots);
        yield return new(LabItemKind.Folder, LabItemUse.Snapshot, LabItemOwner.Tool, saved, paths.Restore);
        yield return new(LabItemKind.File, record, LabItemOwner.Tool, saved, paths.RestoreJournal);
        yield return new(LabItemKind.File, record, LabItemOwner.Tool, saved, paths.MoveJournal);
        yield return new(LabItemKind.File, record, LabItemOwner.Tool, saved, paths.Frozen);
        yield return new(LabItemKind.File, record, LabItemOwner.Tool, LabItemMaker.Claim, LabNames.EntryOf(lab.Id))
        {
            Place = LabItemPlace.State,
        };
        foreach (
            var file in lab.IsWhole ? (string[])[paths.Silences, paths.SpreadPgPass, paths.SpreadTlsAuthority] : []
        )
        {
            yield return new(LabItemKind.File, record, LabItemOwner.Tool, LabItemMaker.Look, file);
        }

        foreach (var port in lab.AllPorts)
        {
            yield return new(LabItemKind.Lease, record, LabItemOwner.Tool, LabItemMaker.Claim, $"{port.Port}")
            {
                Place = LabItemPlace.Leases,
            };
        }

        yield return new(
            LabItemKind.Folder,
            LabItemUse.Log,
            LabItemOwner.Tool,
            LabItemMaker.Failure,
            $"failed/*-{lab.Id}"
        )
        {
            Place = LabItemPlace.State,
        };
    }

    /// <summary>Links by which the lab has another name.</summary>
    private static IEnumerable<LabItem> Names(Lab lab)
    {
        if (lab.SafeAlias is { } alias)
        {
            yield return Link(alias, lab.Root);
        }

        // That of a copy is the original's.
        if (lab.Former is { HasOriginal: false, SafeAlias: { } former })
        {
            yield return Link(former, lab.Former.Root);
        }

        static LabItem Link(string path, string target) =>
            new(LabItemKind.Link, LabItemUse.Configuration, LabItemOwner.Lab, LabItemMaker.Folders, path)
            {
                Place = LabItemPlace.Elsewhere,
                Target = target,
            };
    }

    private static IEnumerable<LabItem> Sockets(Lab lab)
    {
        var place = lab.HasPrivateSockets ? LabItemPlace.Lab : LabItemPlace.Elsewhere;
        foreach (var pgpool in lab.OwnPgpools)
        {
            foreach (var socket in LabSockets.OfPgpool(lab, pgpool))
            {
                yield return Socket(LabItemOwner.Pgpool, pgpool.Id, socket);
            }

            yield return Memory(LabItemOwner.Pgpool, pgpool.Id, pgpool.Folder);
        }

        foreach (var node in OwnNodes(lab))
        {
            foreach (var socket in LabSockets.OfNode(lab, node))
            {
                yield return Socket(LabItemOwner.Node, node.Id, socket);
            }

            yield return Memory(LabItemOwner.Node, node.Id, node.DataDirectory);
        }

        if (lab.Faults)
        {
            yield return Socket(LabItemOwner.Lab, 0, lab.LinkSocket);
            yield return new(LabItemKind.File, LabItemUse.Runtime, LabItemOwner.Lab, LabItemMaker.Start, lab.LinkPid);
        }

        foreach (var (link, socket) in LabSockets.LinksOf(lab))
        {
            yield return new(LabItemKind.Link, LabItemUse.Runtime, LabItemOwner.Lab, LabItemMaker.Start, link)
            {
                Place = LabItemPlace.Elsewhere,
                Target = socket,
            };
        }

        LabItem Socket(LabItemOwner owner, int number, string path) =>
            new(LabItemKind.Socket, LabItemUse.Runtime, owner, LabItemMaker.Start, path)
            {
                Number = number,
                Place = place,
            };

        LabItem Memory(LabItemOwner owner, int number, string folder) =>
            new(LabItemKind.Memory, LabItemUse.Runtime, owner, LabItemMaker.Start, folder)
            {
                Number = number,
                Place = LabItemPlace.Memory,
            };
    }

    private static IEnumerable<LabItem> Clusters(Lab lab)
    {
        foreach (var node in OwnNodes(lab))
        {
            yield return Data(node.Id, LabItemMaker.Clusters, node.DataDirectory) with
            {
                Holds = LabNames.InData(),
            };
        }

        foreach (var (pgpool, node) in lab.OwnPgpools.SelectMany(p => OwnNodes(lab).Select(n => (p, n))))
        {
            var data = pgpool.Paths.Data(node.Id);
            yield return Data(node.Id, LabItemMaker.Recovery, LabNames.CopyBeside(data));
            yield return Data(node.Id, LabItemMaker.Recovery, LabNames.KeptBeside(data));
        }

        static LabItem Data(int node, LabItemMaker maker, string path) =>
            new(LabItemKind.Folder, LabItemUse.Data, LabItemOwner.Node, maker, path) { Number = node };
    }

    private static IEnumerable<LabItem> Folders(Lab lab)
    {
        if (lab.HasPrivateSockets && HasFolders(lab))
        {
            yield return new(
                LabItemKind.Folder,
                LabItemUse.Runtime,
                LabItemOwner.Lab,
                LabItemMaker.Folders,
                lab.Paths.Run
            )
            {
                Holds = LabNames.InRun(),
            };
        }

        var archives = lab.Archives || lab.Conventions.AlwaysArchives ? LabItemMaker.Folders : LabItemMaker.Others;
        foreach (var pgpool in lab.OwnPgpools)
        {
            var paths = pgpool.Paths;
            if (HasFolders(lab))
            {
                yield return Folder(pgpool, LabItemUse.Configuration, pgpool.Folder) with
                {
                    IsShared = true,
                };
            }

            yield return Folder(pgpool, LabItemUse.Configuration, paths.Etc) with
            {
                Holds = LabNames.InEtc(),
            };
            yield return Folder(pgpool, LabItemUse.Log, paths.Log) with
            {
                Holds = LabNames.InLog(),
            };
            yield return Folder(pgpool, LabItemUse.Configuration, paths.OidDirectory);
            yield return Folder(pgpool, LabItemUse.Runtime, paths.Run) with
            {
                Holds = LabNames.InRun(),
            };
            yield return Archive(paths.Archive);
            foreach (var node in lab.OwnNodes)
            {
                yield return Archive(paths.ArchiveOf(node.Id)) with
                {
                    Number = node.Id,
                };
            }
        }

        // The servers' data lies with the first Pgpool-II; the scripts of the others find it in their own folder too.
        foreach (var (pgpool, node) in lab.OwnPgpools.Skip(1).SelectMany(p => lab.OwnNodes.Select(n => (p, n))))
        {
            yield return new(
                LabItemKind.Link,
                LabItemUse.Data,
                LabItemOwner.Pgpool,
                LabItemMaker.Folders,
                pgpool.Paths.Data(node.Id)
            )
            {
                Number = pgpool.Id,
                Target = $"../{Path.GetFileName(lab.Pgpool.Folder)}/data{node.Id}",
            };
        }

        LabItem Archive(string path) =>
            new(LabItemKind.Folder, LabItemUse.Archive, LabItemOwner.Node, archives, path)
            {
                Holds = LabNames.InArchive(),
            };

        static LabItem Folder(PgpoolNode pgpool, LabItemUse use, string path) =>
            new(LabItemKind.Folder, use, LabItemOwner.Pgpool, LabItemMaker.Folders, path) { Number = pgpool.Id };
    }

    private static IEnumerable<LabItem> Certificates(Lab lab) =>
        from pgpool in lab.UseTls ? lab.OwnPgpools : []
        from item in (LabItem[])
            [
                Of(LabItemKind.Folder, pgpool.Paths.Tls),
                Of(LabItemKind.File, pgpool.Paths.TlsAuthority),
                Of(LabItemKind.File, pgpool.Paths.TlsCertificate),
                Of(LabItemKind.File, pgpool.Paths.TlsKey),
            ]
        select item with
        {
            Number = pgpool.Id,
        };

    private static LabItem Of(LabItemKind kind, string path) =>
        new(kind, LabItemUse.Configuration, LabItemOwner.Pgpool, LabItemMaker.Certificates, path);

    /// <summary>Configuration and scripts: first those that are rendered as a whole.</summary>
    private static IEnumerable<LabItem> Files(Lab lab)
    {
        foreach (var pgpool in lab.OwnPgpools)
        {
            var paths = pgpool.Paths;
            string[] configuration =
            [
                .. lab.Conventions.HasPgpoolTemplate ? (string[])[paths.PgpoolConf] : [],
                paths.PoolHba,
                paths.PcpConf,
                paths.PcpPass,
                .. lab.Mode is ClusteringMode.StreamingReplication
                    ? (string[])[paths.FailoverScript, paths.FollowPrimaryScript]
                    : [],
            ];
            foreach (var path in configuration)
            {
                yield return Configured(pgpool, path);
            }

            foreach (var name in (string[])[.. LabScripts.NamesIn(lab), "bashrc.ports", "README.port"])
            {
                yield return Script(LabItemMaker.Files, $"{pgpool.Folder}/{name}") with
                {
                    Number = pgpool.Id,
                };
            }
        }

        foreach (var name in LabScripts.NamesAbove(lab))
        {
            yield return Script(LabItemMaker.Files, $"{lab.Root}/{name}");
        }

        foreach (var pgpool in lab.OwnPgpools)
        {
            var paths = pgpool.Paths;
            string[] others =
            [
                .. lab.Conventions.HasPgpoolTemplate ? [] : (string[])[paths.PgpoolConf],
                .. lab.Asks ? (string[])[paths.PoolKey, paths.PgPass] : [],
                .. lab.HasWatchdog ? (string[])[paths.PgpoolNodeId] : [],
                paths.PoolPasswd,
            ];
            foreach (var path in others)
            {
                yield return Configured(pgpool, path);
            }
        }

        static LabItem Configured(PgpoolNode pgpool, string path) =>
            new(LabItemKind.File, LabItemUse.Configuration, LabItemOwner.Pgpool, LabItemMaker.Files, path)
            {
                Number = pgpool.Id,
            };
    }

    private static LabItem Script(LabItemMaker maker, string path) =>
        new(LabItemKind.File, LabItemUse.Script, LabItemOwner.Lab, maker, path);

    /// <summary>What this lab does not make, but one like it may have.</summary>
    private static IEnumerable<LabItem> ByOthers(Lab lab)
    {
        foreach (var pgpool in lab.OwnPgpools)
        {
            foreach (var name in LabScripts.Names.Except(LabScripts.NamesIn(lab)))
            {
                yield return Script(LabItemMaker.Others, $"{pgpool.Folder}/{name}") with
                {
                    Number = pgpool.Id,
                };
            }

            if (!lab.Asks)
            {
                yield return new(
                    LabItemKind.File,
                    LabItemUse.Configuration,
                    LabItemOwner.Pgpool,
                    LabItemMaker.Others,
                    pgpool.Paths.PgPass
                )
                {
                    Number = pgpool.Id,
                };
            }

            if (pgpool.Folder != lab.Root)
            {
                yield return Left(LabItemKind.File, LabItemUse.Log, $"{pgpool.Folder}/{LabPaths.SetupLog}");
                yield return Left(LabItemKind.Folder, LabItemUse.Record, pgpool.Paths.Hidden);
            }
        }

        foreach (var name in HasFolders(lab) ? LabScripts.Names.Except(LabScripts.NamesAbove(lab)) : [])
        {
            yield return Script(LabItemMaker.Others, $"{lab.Root}/{name}");
        }

        static LabItem Left(LabItemKind kind, LabItemUse use, string path) =>
            new(kind, use, LabItemOwner.Tool, LabItemMaker.Others, path);
    }

    private static IEnumerable<LabItem> Logs(Lab lab)
    {
        foreach (var node in lab.Conventions.NodesLogForThemselves ? [] : OwnNodes(lab))
        {
            yield return new(
                LabItemKind.Folder,
                LabItemUse.Log,
                LabItemOwner.Node,
                LabItemMaker.Start,
                $"{node.DataDirectory}/log"
            )
            {
                Number = node.Id,
            };
        }

        yield return new(LabItemKind.File, LabItemUse.Log, LabItemOwner.Tool, LabItemMaker.Claim, lab.ToolLog);
        if (lab.Faults)
        {
            yield return new(LabItemKind.File, LabItemUse.Log, LabItemOwner.Lab, LabItemMaker.Start, lab.LinkLog);
        }
    }

    private static IEnumerable<PostgresNode> OwnNodes(Lab lab) => lab.OwnsNodes ? lab.OwnNodes : [];

    /// <summary>True when each Pgpool-II has a folder of its own in the lab's: a host of several has one at
    /// most.</summary>
    private static bool HasFolders(Lab lab) => lab is { HasWatchdog: true, IsSpread: false };
}
