/// The version of Atelier, as `atelier version` prints it and saved models carry it.
package let atelierVersion = "0.1.0"
