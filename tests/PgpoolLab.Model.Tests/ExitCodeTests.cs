namespace PgpoolLab.Model.Tests;

public sealed class ExitCodeTests
{
    [Fact]
    public void Scripts_can_rely_on_the_numbers() =>
        Assert.Equal(
            [
                "Done=0",
                "Failed=1",
                "Usage=2",
                "Missing=3",
                "InTheWay=4",
                "NotHealthy=5",
                "NotFound=6",
                "Busy=7",
                "UndoFailed=8",
                "Interrupted=130",
            ],
            Enum.GetValues<ExitCode>().Select(c => $"{c}={(int)c}")
        );
}
