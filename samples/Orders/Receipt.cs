namespace Orders;

/// <summary>The order is placed: it is committed.</summary>
/// <param name="Order">The order.</param>
/// <param name="Number">Its number.</param>
/// <param name="Attempts">How often it was tried; 1 when nothing went wrong.</param>
public sealed record Receipt(Order Order, long Number, int Attempts);
