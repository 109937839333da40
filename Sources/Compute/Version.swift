/// The version of Atelier, as `atelier version` prints it and saved models carry it.
package let atelierVersion = "0.1.0"

/// Which bits come out of a computation: raised by every change after which any result differs. Workers of one cluster have the same.
package let numericsVersion: UInt32 = 1
