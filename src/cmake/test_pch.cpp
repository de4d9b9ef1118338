// Exists so that the tests' precompiled header has a program to belong to.
int main() { }
