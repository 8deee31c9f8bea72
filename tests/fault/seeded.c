/* A fault that each analyser must see, or it sees none (tests/analyse). */
int seeded_fault(int count);

int
seeded_fault(int count)
{
    int *number = 0;

    if (count > 3)
        number = &count;
    return *number;
}
