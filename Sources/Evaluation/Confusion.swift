/// Counts of (true class, predicted class).
package struct ConfusionMatrix: Sendable {}
