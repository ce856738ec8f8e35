"""Policy files: how they are read, checked, evaluated and tested."""
