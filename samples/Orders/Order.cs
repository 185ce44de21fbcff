namespace Orders;

/// <summary>What a customer orders.</summary>
/// <param name="Key">Made once, by whoever places the order, and the same in every attempt: orders with the same key
/// are one order.</param>
/// <param name="Customer">Who orders.</param>
/// <param name="Item">What.</param>
public sealed record Order(Guid Key, string Customer, string Item)
{
    /// <summary>A new order, with a key of its own.</summary>
    public static Order Of(string customer, string item) => new(Guid.CreateVersion7(), customer, item);
}
