/// The version of Atelier that `atelier version` prints and saved models contain.
package let atelierVersion = "0.2.0"

/// The version of the numerics, incremented by every change that changes the bits of any result. All workers of a
/// cluster must have the same one.
package let numericsVersion: UInt32 = 2
