"""How the demonstration model of recordings/demo_model is made, from nothing but espeak-ng; see README.md here."""
