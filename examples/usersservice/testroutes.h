#pragma once

class UsersService;

/// Routes that misbehave, for tests of the service: /slow, /slow-query, /fail.
void addTestRoutes(UsersService *service);
