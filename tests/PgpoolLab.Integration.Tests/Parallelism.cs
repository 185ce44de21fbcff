using PgpoolLab.Integration.Tests;
using PgpoolLab.Integration.Tests.Endurance;
using PgpoolLab.Integration.Tests.Failures;
using Xunit.Sdk;
using Xunit.v3;

// Tests of real servers wait more than they work: more of them at a time than there are processors.
[assembly: Parallelization(MaxThreads = 6)]
[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace PgpoolLab.Integration.Tests;

/// <summary>What takes longest begins first: else a machine with nothing else to do waits for it at the end.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    /// <summary>Those that take a minute or more, beside others.</summary>
    private static readonly string[] Long =
    [
        .. (
            (Type[])
                [
                    typeof(Remote.HostsDemoTests),
                    typeof(Remote.SpreadTests),
                    typeof(SnapshotTests),
                    typeof(VerbTests),
                    typeof(LabFileTests),
                    typeof(StatusTests),
                    typeof(GivenUpNodeTests),
                    typeof(TheOriginalsLabOfFourFollowsTests),
                    typeof(AvailabilityStories),
                    typeof(TheStoryOfAPlainUser),
                    typeof(DiskStories),
                    typeof(OrphanTests),
                    typeof(AccessTests),
                    typeof(TroubleTests),
                    typeof(FormFilesTests),
                    typeof(EnduranceTests),
                    typeof(FailoverRoundsTests),
                    typeof(NativeReplicationTests),
                    typeof(SnapshotIsolationTests),
                    typeof(InterruptionTests),
                    typeof(PrimaryUnknownToLeaderTests),
                    typeof(TwoPgpoolsTests),
                    typeof(TheOriginalWatchdogSetupDrivesOurPgpoolSetupTests),
                ]
        ).Select(t => t.FullName!),
    ];

    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(
        IReadOnlyCollection<TTestCollection> testCollections
    )
        where TTestCollection : ITestCollection =>
        [
            .. testCollections
                .OrderBy(c => Rank(c.TestCollectionDisplayName))
                .ThenBy(c => c.UniqueID, StringComparer.Ordinal),
        ];

    private static int Rank(string collection) =>
        Array.FindIndex(Long, name => collection.Contains($" {name} ", StringComparison.Ordinal)) is >= 0 and var rank
            ? rank
            : Long.Length;
}
